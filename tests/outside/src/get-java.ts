import { globSync } from "node:fs";
import { join } from "node:path";
import { emptyFolder, markFetched, ownPath, type PartName } from "./fetched.ts";
import { runStep } from "./step.ts";

interface JavaPart {
  readonly part: PartName;
  /** Under `java/`. */
  readonly folder: string;
  /** Of which jars the version is told. */
  readonly jars: readonly string[];
}

/** A Java program of ours and all the jars it needs, by Maven. */
export function getJava({ part, folder, jars }: JavaPart): (say: (progress: string) => void) => Promise<void> {
  return async (say) => {
    const out = emptyFolder(part);
    const [cwd, lib] = [ownPath("java", folder), join(out, "lib")];
    const version = await runStep("java", ["--version"], { timeoutMs: 30_000 });
    say("its jars, by Maven (some minutes the first time)");
    const goals = ["compile", "dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${lib}`];
    await runStep("mvn", ["-B", "-q", `-Doutside.folder=${out}`, ...goals], { cwd, timeoutMs: 540_000 });
    const versions = jars.map((jar) => [jar, versionOf(lib, jar)] as const);
    markFetched(part, { ...Object.fromEntries(versions), Java: /\d+(\.\d+)*/.exec(version)?.[0] ?? "unknown" });
  };
}

/** @throws when there is no such jar. */
function versionOf(lib: string, jar: string): string {
  const [file] = globSync(`${jar}-[0-9]*.jar`, { cwd: lib });
  if (file === undefined) throw new Error(`Maven brought no ${jar}`);
  return file.slice(jar.length + 1, -".jar".length);
}
