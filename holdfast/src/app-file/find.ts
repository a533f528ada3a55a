import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { PlatformError } from "@holdfast/kernel";

/** Looked for in this order; two of them in one directory is a mistake that is reported, never guessed about. */
export const applicationFileNames = ["ts", "mts", "js", "mjs", "yaml", "yml", "json"].map(
  (extension) => `holdfast.config.${extension}`,
);

/**
 * The application file of a directory (or the file itself, when `where` names one).
 *
 * @throws PlatformError `APP_FILE_MISSING` when there is none, `APP_FILE_AMBIGUOUS` when there are two.
 */
export function findApplicationFile(where: string): string {
  const path = resolve(where);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  const found = applicationFileNames.filter((name) => existsSync(join(path, name)));
  if (found.length > 1) {
    throw new PlatformError("APP_FILE_AMBIGUOUS", `${path}: has ${found.join(" and ")}; one application has one file`, {
      next: `remove all but one, or name it: holdfast up ${join(where, found[0] ?? "")}`,
      status: 400,
    });
  }
  const [name] = found;
  if (name !== undefined) return join(path, name);
  const reason = existsSync(path) ? "has no application file" : "does not exist";
  throw new PlatformError(
    "APP_FILE_MISSING",
    `${path}: ${reason} (looked for holdfast.config.{ts,mts,js,mjs,yaml,yml,json})`,
    {
      next: "write holdfast.config.ts with: export default { services: { web: { run: 'node server.js' } } }",
      status: 404,
    },
  );
}

/** A name the schema accepts, made from a directory's name; `app` when nothing of it can be used. */
export function nameFromDirectory(directory: string): string {
  const words = basename(resolve(directory))
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => word.slice(0, 24))
    .slice(0, 4);
  const name = words.join("-").replace(/^[0-9-]+/, "");
  return name === "" ? "app" : name;
}
