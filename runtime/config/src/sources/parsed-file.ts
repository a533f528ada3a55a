import { PlatformError } from "@holdfast/kernel";
import type { Value } from "../core/layers.ts";

/** What a file says of one key, and where. */
export interface ParsedValue {
  readonly value: Value;
  readonly line: number;
}

export type ParsedFile = ReadonlyMap<string, ParsedValue>;

/** A file that cannot be read, with the place. */
export class ConfigFileError extends PlatformError<"CONFIG_FILE_MALFORMED"> {
  constructor(file: string, line: number, key: string | undefined, what: string) {
    const about = key === undefined ? "" : ` ${key}:`;
    super("CONFIG_FILE_MALFORMED", `${file}:${line}:${about} ${what}`, {
      status: 400,
      next: "correct the line; until then the values read before stay",
      details: { file, line, key },
    });
  }
}

/** Longer than this is no configuration. */
export const fileBytesMax = 4 * 1024 * 1024;
