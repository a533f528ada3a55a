import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { InstanceId } from "@holdfast/kernel";

/**
 * An instance's token under the stack's key: whoever has the key (agents, control) can tell whether a token is that of the
 * instance it is shown for, and nobody has to keep a list.
 */
export function instanceToken(key: string, id: InstanceId | string): string {
  return createHmac("sha256", key).update(`instance ${id}`).digest("hex");
}

/** Makes tokens with the key in `file`; random ones, which nobody can verify, where there is none. */
export function tokenMaker(file: string | undefined): (id: InstanceId) => string {
  let key: string | undefined;
  try {
    if (file !== undefined) key = readFileSync(file, "utf8").trim();
  } catch {
    // An instance without configuration is better than none.
  }
  if (key === undefined || key === "") return () => randomBytes(32).toString("hex");
  const known = key;
  return (id) => instanceToken(known, id);
}
