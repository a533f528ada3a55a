import { readFileSync } from "node:fs";
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "@holdfast/kernel";
import { type Application, parseApplication } from "@holdfast/wire/application";
import { type FileFault, formatPath, type Locate, startOfFile } from "./fault.ts";
import { nameFromDirectory } from "./find.ts";

/** The application with its name filled in, or every fault of its file. */
export type LoadResult =
  | { readonly kind: "ok"; readonly file: string; readonly application: NamedApplication }
  | { readonly kind: "faults"; readonly file: string; readonly faults: readonly FileFault[] };

export type NamedApplication = Application & { readonly name: string };

/**
 * Reads and checks an application file in this process. Scripts are run: call it where code of the user may run and
 * may hang ({@link loadApplication} does, in a child).
 */
export async function loadHere(file: string): Promise<LoadResult> {
  const isScript = /^\.[mc]?[jt]s$/.test(extname(file));
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return { kind: "faults", file, faults: [{ file, ...startOfFile, path: "", message: messageOf(error) }] };
  }
  return isScript ? await loadScript(file, text) : await loadData(file, text);
}

async function loadScript(file: string, text: string): Promise<LoadResult> {
  let value: unknown;
  try {
    const module: { default?: unknown } = await import(pathToFileURL(file).href);
    value = module.default;
  } catch (error) {
    return { kind: "faults", file, faults: await importFaults(file, text, error) };
  }
  if (value === undefined) {
    const message = "has no default export; write: export default { services: { … } }";
    return { kind: "faults", file, faults: [{ file, ...startOfFile, path: "", message }] };
  }
  return await check(file, value, async () => {
    const { scriptLocator } = await import("./locate-script.ts");
    return scriptLocator(file, text);
  });
}

async function importFaults(file: string, text: string, error: unknown): Promise<FileFault[]> {
  const { scriptSyntaxFaults } = await import("./locate-script.ts");
  const syntax = scriptSyntaxFaults(file, text);
  if (syntax.length > 0) return syntax.map((fault) => ({ file, path: "", ...fault }));
  const position = error instanceof Error ? positionInStack(error.stack ?? "", file) : undefined;
  const message = `cannot be run: ${messageOf(error)}`;
  return [{ file, ...(position ?? startOfFile), path: "", message }];
}

/** Where in `file` the error was thrown, from its stack. */
function positionInStack(stack: string, file: string): { line: number; column: number } | undefined {
  for (const line of stack.split("\n")) {
    if (!line.includes(file)) continue;
    const match = /:(\d+)(?::(\d+))?\)?$/.exec(line.trim());
    if (match !== null) return { line: Number(match[1]), column: Number(match[2] ?? 1) };
  }
  return undefined;
}

async function loadData(file: string, text: string): Promise<LoadResult> {
  const { readYaml } = await import("./locate-yaml.ts");
  const yaml = readYaml(text);
  const faults = yaml.faults.map((fault) => ({ file, path: "", ...fault }));
  if (extname(file) === ".json") {
    try {
      JSON.parse(text);
    } catch (error) {
      const match = /\(line (\d+) column (\d+)\)/.exec(messageOf(error));
      const position = match === null ? startOfFile : { line: Number(match[1]), column: Number(match[2]) };
      const message = messageOf(error).replace(/ in JSON at position.*/s, "");
      return { kind: "faults", file, faults: [{ file, ...position, path: "", message }] };
    }
  }
  if (faults.length > 0) return { kind: "faults", file, faults };
  return await check(file, yaml.value, async () => yaml.locate);
}

async function check(file: string, value: unknown, locator: () => Promise<Locate>): Promise<LoadResult> {
  const result = parseApplication(value);
  if (result.kind === "ok") {
    const name = result.application.name ?? nameFromDirectory(dirname(file));
    return { kind: "ok", file, application: { ...result.application, name } };
  }
  const locate = await locator();
  const faults = result.faults
    .map(({ path, message }) => ({ file, ...locate(path), path: formatPath(path), message }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return { kind: "faults", file, faults };
}
