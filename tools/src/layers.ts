import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** One workspace package and what its files import. */
export interface Room {
  readonly name: string;
  /** Path from the repository's root: `runtime/client`. */
  readonly folder: string;
  /** Sub-paths other rooms may import: `.`, `./application`. */
  readonly doors: readonly string[];
  readonly declared: readonly string[];
  readonly imports: readonly Import[];
}

export interface Import {
  /** Path of the importing file from the repository's root. */
  readonly file: string;
  readonly specifier: string;
  readonly isTest: boolean;
}

/** DESIGN §3, lowest first. A room may lean on any floor below its own, and never on its own but where `sideways` says so. */
export const floors: readonly (readonly RegExp[])[] = [
  [/^kernel$/],
  [/^wire$/],
  [/^testing$/],
  [/^runtime\/(metrics|config|trace|http1)$/],
  [/^runtime\/(resilience|discovery)$/],
  [/^runtime\/client$/],
  [/^runtime\/service$/],
  [/^runtime\/sidecar$/],
  [/^engines\/(engine|image)$/],
  [/^services\//, /^engines\//, /^console$/],
  [/^holdfast$/],
  [/^tools$/],
  [/^(examples|bench|tests)(\/|$)/],
];

/** Floor number of a folder, or -1 for a folder that is in no floor. */
export function floorOf(folder: string): number {
  return floors.findIndex((patterns) => patterns.some((pattern) => pattern.test(folder)));
}

/** All faults in how `rooms` lean on one another, as sentences. */
export function layerFaults(rooms: readonly Room[]): string[] {
  const byName = new Map(rooms.map((room) => [room.name, room]));
  const faults: string[] = [];
  for (const room of rooms) {
    if (floorOf(room.folder) < 0) faults.push(`${room.folder}: is on no floor of tools/src/layers.ts`);
    for (const name of room.declared) {
      const target = byName.get(name);
      if (target !== undefined) faults.push(...edgeFaults(room, target));
    }
    for (const item of room.imports) faults.push(...importFaults(room, item, byName));
  }
  return [...new Set(faults)];
}

function edgeFaults(room: Room, target: Room): string[] {
  if (target.folder === "testing") return [];
  const [from, to] = [floorOf(room.folder), floorOf(target.folder)];
  if (from > to) return [];
  return [`${room.folder} leans on ${target.folder}, which is not on a floor below it`];
}

function importFaults(room: Room, item: Import, byName: ReadonlyMap<string, Room>): string[] {
  if (item.specifier.startsWith(".")) {
    const path = relative(".", resolve(dirname(item.file), item.specifier));
    return path.startsWith(`${room.folder}/`) ? [] : [`${item.file}: reaches out of its room to ${item.specifier}`];
  }
  const name = packageOf(item.specifier);
  const target = byName.get(name);
  if (target === undefined || target === room) return [];
  const door = `.${item.specifier.slice(name.length)}`;
  const faults: string[] = [];
  if (!target.doors.includes(door))
    faults.push(`${item.file}: imports past the index of ${target.folder} (${item.specifier})`);
  if (!room.declared.includes(name))
    faults.push(`${item.file}: imports ${name}, which ${room.folder} does not declare`);
  if (target.folder === "testing" && !item.isTest) faults.push(`${item.file}: product code imports the testing room`);
  return faults;
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

/** Reads the rooms of the repository in the current directory. */
export function readRooms(): Room[] {
  const root: { workspaces: string[] } = JSON.parse(readFileSync("package.json", "utf8"));
  const folders = root.workspaces.flatMap((pattern) =>
    pattern.endsWith("/*")
      ? readdirSync(pattern.slice(0, -2)).map((name) => join(pattern.slice(0, -2), name))
      : [pattern],
  );
  return folders.map(readRoom);
}

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function readRoom(folder: string): Room {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return {
    name: manifest.name,
    folder,
    doors: Object.keys(manifest.exports ?? {}),
    declared: [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.devDependencies ?? {})],
    imports: sourceFiles(folder).flatMap((file) => readImports(folder, file)),
  };
}

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", "dist", ".holdfast", "peers"]);

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : sourceFiles(path);
    return entry.isFile() && /\.(ts|tsx|mts)$/.test(entry.name) ? [path] : [];
  });
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s+["']([^"']+)["']/g;

function readImports(folder: string, file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const isTest = file.startsWith(join(folder, "test")) || /^(tests|bench|tools)/.test(folder);
  return [...text.matchAll(importPattern)].map((match) => ({
    file,
    specifier: match[1] ?? match[2] ?? match[3] ?? "",
    isTest,
  }));
}
