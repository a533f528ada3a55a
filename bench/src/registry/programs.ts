import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The built registry, as `up` starts it. */
export function registryProgram(root: string): string {
  return builtProgram(root, "registry");
}

/** A program of the newest build. */
export function builtProgram(root: string, name: string): string {
  const dist = join(root, "holdfast/dist");
  const { hash }: { hash: string } = JSON.parse(readFileSync(join(dist, "current.json"), "utf8"));
  return join(dist, hash, `${name}.mjs`);
}
