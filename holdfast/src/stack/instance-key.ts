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

/** @throws PlatformError `STATE_NOT_WRITABLE` when there is none and none can be made. */
export function readInstanceKey(stateDirectory: string): string {
  return readOrMakeToken(stateDirectory, name);
}
