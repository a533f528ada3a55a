import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode, messageOf, PlatformError } from "@holdfast/kernel";

const tokenPattern = /^[0-9a-f]{64}$/;

/**
 * The token of the API: 32 random bytes in `<state>/token` (or another name: a secret of another use), readable by the
 * owner alone, made at the first start.
 *
 * @throws PlatformError `STATE_NOT_WRITABLE` when there is none and none can be made.
 */
export function readOrMakeToken(stateDirectory: string, name = "token"): string {
  const file = join(stateDirectory, name);
  try {
    const token = readFileSync(file, "utf8").trim();
    if (tokenPattern.test(token)) {
      chmodSync(file, 0o600);
      return token;
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw notWritable(file, error);
  }
  const token = randomBytes(32).toString("hex");
  const draft = `${file}.${process.pid}`;
  try {
    // Whole or not at all: a full disk must not leave an empty token.
    writeFileSync(draft, `${token}\n`, { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    throw notWritable(file, error);
  }
  return token;
}

function notWritable(file: string, error: unknown): PlatformError {
  return new PlatformError("STATE_NOT_WRITABLE", `${file}: ${messageOf(error)}`, {
    next: "make the state directory writable for you, or start with another one",
    cause: error,
  });
}
