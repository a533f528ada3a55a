import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { codeOf, PlatformError } from "@holdfast/kernel";
import { collectFiles, type SourceEntry } from "../bundle/collect-files.ts";
import { withDirectories } from "./layer.ts";
import type { TarEntry } from "./tar.ts";

/** What a layer is made of, and what it is called in the cache of layers. */
export interface LayerContent {
  readonly title: string;
  readonly key: string;
  readonly entries: readonly TarEntry[];
}

const appDirectory = "app";
const modulesFilesMax = 50_000;
const modulesBytesMax = 2 ** 30;
const noLimit = Number.MAX_SAFE_INTEGER;

/** The bundle as it is, below `/app`, read-only and root's: a program cannot change what it runs. */
export async function applicationContent(bundle: string): Promise<LayerContent> {
  const files = await collectFiles(bundle, { ignore: [], filesMax: noLimit, bytesMax: noLimit });
  return {
    title: "the application",
    key: JSON.stringify(["application 1", basename(bundle)]),
    entries: placed(files, appDirectory),
  };
}

/**
 * The dependencies that the bundle's link `node_modules` leads to, below `/app/node_modules`; `undefined` when it has none.
 *
 * @throws PlatformError `IMAGE_DEPENDENCIES_UNFIT` when they lead out of their directory, or are too many: the program
 * is to be bundled then.
 */
export async function dependenciesContent(bundle: string): Promise<LayerContent | undefined> {
  const link = join(bundle, "node_modules");
  if (!existsSync(link)) return undefined;
  const modules = await realpath(link);
  const limits = { filesMax: modulesFilesMax, bytesMax: modulesBytesMax };
  const files = await collectFiles(modules, { ignore: [".cache"], everything: true, ...limits }).catch((error) => {
    throw unfit(modules, error);
  });
  return {
    title: "dependencies of the application",
    key: JSON.stringify(["dependencies 1", modules, await stampsOf(files)]),
    entries: placed(files, `${appDirectory}/node_modules`),
  };
}

function placed(files: readonly SourceEntry[], below: string): TarEntry[] {
  return withDirectories(
    files.map((entry): TarEntry => {
      const path = `${below}/${entry.path}`;
      if (entry.kind === "link") return { kind: "link", path, target: entry.target };
      return { kind: "file", path, mode: entry.executable ? 0o555 : 0o444, from: entry.from, bytes: entry.bytes };
    }),
  );
}

async function stampsOf(files: readonly SourceEntry[]): Promise<string> {
  const hash = createHash("sha256");
  for (const entry of files) {
    if (entry.kind === "link") hash.update(`l\0${entry.path}\0${entry.target}\0`);
    else {
      const { mtimeMs, ino, mode } = await stat(entry.from);
      hash.update(`f\0${entry.path}\0${entry.bytes}\0${mtimeMs}\0${ino}\0${mode}\0`);
    }
  }
  return hash.digest("hex");
}

function unfit(modules: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code !== "IMAGE_LINK_OUTSIDE" && code !== "IMAGE_TOO_LARGE") return error;
  return new PlatformError("IMAGE_DEPENDENCIES_UNFIT", `${modules}: cannot be copied into a container image`, {
    next: "write bundle: true for the service, so that what it imports is in one file; or install its dependencies in its own directory",
    status: 400,
    cause: error,
    details: { modules },
  });
}
