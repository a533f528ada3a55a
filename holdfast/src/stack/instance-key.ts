import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readOrMakeToken } from "../control/api/token-file.ts";

const name = "instance-key";

/** Where the key is kept that instances' tokens are made with: agents make them, control verifies them. */
export function instanceKeyFile(stateDirectory: string): string {
  return join(stateDirectory, name);
}

/** Makes the key if there is none. On a disk that refuses, instances run all the same, without the configuration server. */
export function ensureInstanceKey(stateDirectory: string): void {
  try {
    readOrMakeToken(stateDirectory, name);
  } catch {
    // Control says what is wrong with the disk, and where.
  }
}

/** The key; one that nobody has when there is none and the disk takes none: no instance is let in then, and all run. */
export function readInstanceKey(stateDirectory: string): string {
  try {
    return readOrMakeToken(stateDirectory, name);
  } catch {
    return randomBytes(32).toString("hex");
  }
}
