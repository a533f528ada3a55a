/**
 * Loaded into programs of a stack whose zones share one network (`NODE_OPTIONS=--import`): follows the file of
 * faults that control writes, and simulates them. With none in force it costs nothing worth measuring.
 */
import { readFileSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { SystemClock, systemRandom } from "@holdfast/kernel";
import { Env } from "@holdfast/wire";
import { FaultHook } from "./hook.ts";
import { readRules } from "./rules.ts";

const { [Env.faults]: file, HOST: host, PORT: port } = process.env;
if (file !== undefined && host !== undefined) follow(file, host, port ?? "");

function follow(path: string, ownHost: string, ownPort: string): void {
  const hook = new FaultHook(new SystemClock(), systemRandom(), ownHost, ownPort);
  const read = (): void => {
    try {
      hook.follow(readRules(readFileSync(path, "utf8")));
    } catch {
      hook.follow(readRules(""));
    }
  };
  hook.install();
  read();
  try {
    // The directory: the file is replaced each time.
    watch(dirname(path), { persistent: false }, (_kind, name) => {
      if (name === basename(path)) read();
    }).on("error", () => {});
  } catch {
    // No more watches to be had: this program lives without simulated faults, and says nothing in somebody's output.
  }
}
