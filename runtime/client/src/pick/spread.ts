import { hash32 } from "@holdfast/kernel";

/** Spreads all 32 bits (the end of MurmurHash3, public domain): FNV leaves similar names side by side. */
export function spread32(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A key's place on a circle of 2³² places. */
export function placeOf(key: string): number {
  return spread32(hash32(key));
}
