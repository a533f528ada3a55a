import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isServed, type SettledValues } from "./settled-values.ts";

const bytesMax = 64 * 1024 * 1024;

/** Where the last settled values are kept; whole or not at all, for nobody else's eyes. */
export class SnapshotFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** `undefined`: there is none, or none that can be read. */
  read(): SettledValues | undefined {
    try {
      if (statSync(this.#path).size > bytesMax) return undefined;
      const read = JSON.parse(readFileSync(this.#path, "utf8")) as Partial<SettledValues>;
      const { epoch, revision, savedAtMs, properties } = read;
      if (typeof epoch !== "string" || typeof revision !== "number" || typeof savedAtMs !== "number") return undefined;
      if (!Array.isArray(properties) || !properties.every(isServed)) return undefined;
      return { epoch, revision, savedAtMs, properties };
    } catch {
      return undefined;
    }
  }

  /** @throws what the disk throws */
  write(values: SettledValues): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const next = `${this.#path}.${process.pid}`;
    writeFileSync(next, JSON.stringify(values), { mode: 0o600 });
    renameSync(next, this.#path);
  }
}
