import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ImageStore } from "@holdfast/image";
import { type Clock, messageOf, PlatformError } from "@holdfast/kernel";
import type { NamedApplication } from "../app-file/load.ts";
import { BundleCache } from "./bundle-cache.ts";
import { bundleService } from "./bundle-service.ts";
import { parseNodeCommand } from "./run-command.ts";

export interface MadeImages {
  /** Service → absolute image directory. */
  readonly images: Readonly<Record<string, string>>;
  /** Service → command to run instead of the written one. */
  readonly runs: Readonly<Record<string, string>>;
}

/**
 * Makes the immutable image of every service under `<stateDirectory>/images`: each distinct directory once, and for
 * `bundle: true` one image with the bundle and the directory's files that are not code.
 *
 * @throws PlatformError `SERVICE_DIRECTORY_MISSING`, `SCRIPT_MISSING`, `BUNDLE_NOT_POSSIBLE`, `BUNDLE_FAILED`, or what
 * `bakeDirectory` throws.
 */
export async function makeImages(
  clock: Clock,
  file: string,
  application: NamedApplication,
  stateDirectory: string,
  say: (line: string) => void,
): Promise<MadeImages> {
  const directory = join(stateDirectory, "images");
  mkdirSync(directory, { recursive: true });
  const store = new ImageStore(directory, clock, say);
  const cache = new BundleCache(directory);
  const images: Record<string, string> = {};
  const runs: Record<string, string> = {};
  const baked = new Map<string, Promise<string>>();
  const work = Object.entries(application.services).map(async ([name, service]) => {
    const source = serviceDirectory(file, name, service.directory);
    if (service.bundle) {
      const made = await bundledImage({ name, run: service.run, directory: source, store, cache, say });
      images[name] = made.image;
      runs[name] = made.run;
      return;
    }
    let image = baked.get(source);
    if (image === undefined) {
      image = store.bake({ source }).then((result) => result.directory);
      baked.set(source, image);
    }
    images[name] = await image;
  });
  // All of them run to their end, so that no work goes on in a process that has already reported.
  const results = await Promise.allSettled(work);
  cache.save();
  for (const result of results) if (result.status === "rejected") throw result.reason;
  const named = Object.entries(application.services).map(async ([name, { directory: source }]) => {
    const version = versionOf(serviceDirectory(file, name, source));
    await store.name(images[name] ?? "", { application: application.name, service: name, ...version });
  });
  // A list without a name is no reason not to start: what runs does not need it.
  await Promise.all(named).catch((error: unknown) => say(`images: their names could not be kept: ${messageOf(error)}`));
  return { images, runs };
}

function serviceDirectory(file: string, name: string, directory = "."): string {
  const path = resolve(dirname(file), directory);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new PlatformError("SERVICE_DIRECTORY_MISSING", `services.${name}.directory: ${path} is not a directory`, {
    next: "write a directory relative to the application file",
    status: 400,
  });
}

/** What `package.json` says, when it is there and says it. */
function versionOf(directory: string): { readonly version?: string } {
  try {
    const { version }: { version?: unknown } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    return typeof version === "string" && /^[0-9A-Za-z.~+-]+$/.test(version) ? { version } : {};
  } catch {
    return {};
  }
}

interface BundleOrder {
  readonly name: string;
  readonly run: string;
  readonly directory: string;
  readonly store: ImageStore;
  readonly cache: BundleCache;
  readonly say: (line: string) => void;
}

async function bundledImage(order: BundleOrder): Promise<{ image: string; run: string }> {
  const { name, run, directory, store, cache, say } = order;
  const command = parseNodeCommand(run);
  if (command === undefined) {
    throw new PlatformError(
      "BUNDLE_NOT_POSSIBLE",
      `services.${name}.bundle: \`${run}\` is not a \`node <script>\` command`,
      {
        next: `write run: "node server.ts", or leave out bundle: true`,
        status: 400,
      },
    );
  }
  const script = resolve(directory, command.script);
  if (!existsSync(script)) {
    throw new PlatformError("SCRIPT_MISSING", `services.${name}.run: ${script} does not exist`, {
      next: `correct the script in run: "${run}"`,
      status: 400,
    });
  }
  const key = JSON.stringify([directory, run, process.version, "without modules"]);
  const assets = assetFiles(directory);
  const known = cache.get(name, key, assets);
  if (known !== undefined) return known;
  const staging = mkdtempSync(join(store.directory, ".bundle-"));
  try {
    for (const path of assets) cpSync(path, join(staging, relative(directory, path)));
    const inside = relative(directory, script);
    // Beside its old place, so that files found relative to the script stay where they were.
    const target = (inside.startsWith("..") ? `${name}.ts` : inside).replace(/\.[cm]?[jt]sx?$/, ".mjs");
    const inputs = await bundleService(name, script, join(staging, target));
    const { directory: image } = await store.bake({ source: staging, modules: "none" });
    say(`${name}: bundled ${command.script} (${inputs.length} files) into one`);
    const made = { image, run: command.withScript(target) };
    cache.set(name, { key, ...made }, [...inputs, ...assets]);
    return made;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

const skipped: ReadonlySet<string> = new Set(["node_modules", ".git", ".holdfast"]);

/** The files of a directory that are not code: what a bundle does not hold but may read. */
function assetFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : assetFiles(path);
    return entry.isFile() && !/\.[cm]?tsx?$/.test(entry.name) ? [path] : [];
  });
}
