import type { Random } from "./random.ts";

/** Names one running copy of a server group for the whole of its life; never reused. */
export type InstanceId = string & { readonly brand: "InstanceId" };

const instanceIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Checks a text from outside. Returns `undefined` when it cannot be an instance id. */
export function parseInstanceId(text: string): InstanceId | undefined {
  return instanceIdPattern.test(text) ? (text as InstanceId) : undefined;
}

/** A new id, short enough to type: `i-` and eight hex digits. */
export function newInstanceId(random: Random): InstanceId {
  return `i-${random.hex(4)}` as InstanceId;
}
