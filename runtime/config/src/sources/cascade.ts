import { join } from "node:path";
import type { Clock, Log } from "@holdfast/kernel";
import type { DeploymentContext } from "@holdfast/wire";
import type { Config } from "../core/config.ts";
import { configExtensions } from "./config-file.ts";
import { systemDisk } from "./disk.ts";
import { FileSource, type FileSourceOptions } from "./file-source.ts";

/** `name`, `name-{env}`, `name-{env}-{region}`: the later the stronger (Archaius's `ConcatCascadeStrategy`). */
export function cascadedNames(name: string, { env, region }: DeploymentContext): readonly string[] {
  if (env === undefined || env === "") return [name];
  const ofEnvironment = `${name}-${env}`;
  return region === undefined || region === ""
    ? [name, ofEnvironment]
    : [name, ofEnvironment, `${ofEnvironment}-${region}`];
}

/**
 * Reads `application.yaml`, `application-prod.yaml`, `application-prod-eu-1.yaml` (and `.properties`, `.json`, `.env`) of a
 * directory, weakest first, as far as they are there. Gives the files, to be followed with `watch`.
 *
 * @throws ConfigFileError for a file that is there and cannot be read.
 */
export function loadCascade(
  config: Config,
  where: { readonly directory: string; readonly name: string; readonly context: DeploymentContext },
  clock: Clock,
  log: Log,
  options: Partial<FileSourceOptions> = {},
): readonly FileSource[] {
  const disk = options.disk ?? systemDisk;
  const files: FileSource[] = [];
  for (const name of cascadedNames(where.name, where.context)) {
    for (const extension of configExtensions) {
      const path = join(where.directory, `${name}${extension}`);
      if (disk.stamp(path) === undefined) continue;
      const file = new FileSource(config, path, clock, log, options);
      file.load();
      files.push(file);
    }
  }
  return files;
}
