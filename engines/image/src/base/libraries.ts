import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PlatformError } from "@holdfast/kernel";
import { readElf } from "./elf.ts";

export interface Libraries {
  /** Absolute paths: what `program` needs to start, the loader included, sorted. */
  readonly files: readonly string[];
  /** Directories the loader does not look in by itself, in order. */
  readonly directories: readonly string[];
}

/** Where the loaders of Debian, Red Hat and Alpine look without being told. */
const defaultDirectories: readonly string[] = [
  ...["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((triplet) => [`/lib/${triplet}`, `/usr/lib/${triplet}`]),
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];

/** What glibc before 2.34 opens by name to look up hosts; later ones have it built in. */
const openedByName: readonly string[] = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];

/**
 * Walks the shared libraries of a program as the dynamic loader does, without running it (`ldd` would).
 *
 * @throws PlatformError `LIBRARY_MISSING`, `ELF_INVALID`.
 */
export async function findLibraries(program: string): Promise<Libraries> {
  const search = [...configuredDirectories("/etc/ld.so.conf"), ...defaultDirectories];
  const found = new Map<string, string>();
  const own = await readElf(program);
  const todo = own.needed.map((name) => ({ name, by: program, runPath: own.runPath }));
  for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
    if (found.has(next.name) || next.name === loaderName(own.interpreter)) continue;
    const file = locate(next, search);
    found.set(next.name, file);
    const { needed, runPath } = await readElf(file);
    todo.push(...needed.map((name) => ({ name, by: file, runPath })));
  }
  const libc = found.get("libc.so.6");
  const extra = libc === undefined ? [] : openedByName.map((name) => join(dirname(libc), name)).filter(existsSync);
  const files = new Set([...found.values(), ...extra, ...(own.interpreter === undefined ? [] : [own.interpreter])]);
  const known = new Set(defaultDirectories);
  const directories = new Set([...found.values()].map((file) => dirname(file)).filter((one) => !known.has(one)));
  return { files: [...files].toSorted(), directories: [...directories] };
}

function loaderName(interpreter: string | undefined): string | undefined {
  return interpreter?.slice(interpreter.lastIndexOf("/") + 1);
}

interface Wanted {
  readonly name: string;
  readonly by: string;
  readonly runPath: readonly string[];
}

function locate({ name, by, runPath }: Wanted, search: readonly string[]): string {
  const own = runPath.map((directory) => directory.replace(/\$(?:ORIGIN|\{ORIGIN\})/, dirname(by)));
  for (const directory of [...own, ...search]) {
    const file = join(directory, name);
    if (existsSync(file)) return file;
  }
  throw new PlatformError("LIBRARY_MISSING", `${name}: ${by} needs it, and it is in none of the system's directories`, {
    next: `find it with: ldd ${by}`,
  });
}

/** Directories of `/etc/ld.so.conf` and the files it includes. */
function configuredDirectories(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .flatMap((line) => {
      const pattern = /^include\s+(\S+)$/.exec(line)?.[1];
      if (pattern !== undefined) return included(pattern).flatMap(configuredDirectories);
      return line.startsWith("/") ? [line] : [];
    });
}

/** `directory/*.conf`, the only form of pattern distributions write. */
function included(pattern: string): string[] {
  const directory = dirname(pattern);
  const suffix = /\/\*(\.\w+)$/.exec(pattern)?.[1];
  if (suffix === undefined || !existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith(suffix));
  return names.toSorted().map((name) => join(directory, name));
}
