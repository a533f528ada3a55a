import { hasLineBreak } from "./characters.ts";

/** What an image's description says of the image it was made on. `null`: nothing. */
export interface BaseAmiInfo {
  readonly baseAmiId: string | null;
  readonly baseAmiName: string | null;
  /** The day in the base's name, such as `2010-11-24`. */
  readonly baseAmiDate: string | null;
}

const baseId = /base_ami_id=(ami-[a-z0-9]{8})/;
const ancestorId = /ancestor_id=(ami-[a-z0-9]{8})/;
const baseName = /base_ami_name=([^,]+)/;
const ancestorName = /ancestor_name=([^,]+)/;
const dayInName = /-(20[0-9]{2})([0-9]{2})([0-9]{2})(?=-|$)/g;

/** Reads `base_ami_id=…,base_ami_name=…` or `ancestor_id=…,ancestor_name=…` anywhere in a description. */
export function parseBaseAmi(description: string | null | undefined): BaseAmiInfo {
  const text = description ?? "";
  if (hasLineBreak(text)) return { baseAmiId: null, baseAmiName: null, baseAmiDate: null };
  const baseAmiName = baseName.exec(text)?.[1] ?? ancestorName.exec(text)?.[1] ?? null;
  return {
    baseAmiId: baseId.exec(text)?.[1] ?? ancestorId.exec(text)?.[1] ?? null,
    baseAmiName,
    baseAmiDate: baseAmiName === null ? null : dayOf(baseAmiName),
  };
}

/** The last day a name has. Days past the end of a month run into the next one. */
function dayOf(name: string): string | null {
  const last = [...name.matchAll(dayInName)].at(-1);
  if (last === undefined) return null;
  return new Date(Date.UTC(Number(last[1]), Number(last[2]) - 1, Number(last[3]))).toISOString().slice(0, 10);
}
