import type { Tags } from "../meters/tags.ts";

/**
 * spectatord's types: counter, timer (s), percentile timer (s), distribution summary, percentile summary, gauge, max gauge,
 * age gauge (s of the epoch, 0 is now), monotonic counters of doubles (`C`), of uint64 (`U`), and with a time (`X`).
 */
export type SpectatordType = "c" | "t" | "T" | "d" | "D" | "g" | "m" | "A" | "C" | "U" | "X";

/** `type[,option]:name[,key=value…]:value` */
export interface SpectatordLine {
  readonly type: SpectatordType;
  /** Of `g`: seconds it is valid; of `X`: ms of the epoch. */
  readonly option: number | undefined;
  readonly name: string;
  readonly tags: Tags;
  /** As it was written: uint64 totals are no doubles. */
  readonly value: string;
}

const types: ReadonlySet<string> = new Set(["c", "t", "T", "d", "D", "g", "m", "A", "C", "U", "X"]);
const withOption: ReadonlySet<string> = new Set(["g", "X"]);
const notAllowed = /[^-._A-Za-z0-9^~]/g;
const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const whole = /^\d{1,20}$/;

/** The line, or why it is none. */
export function parseSpectatordLine(line: string): SpectatordLine | string {
  const nameAt = line.indexOf(":") + 1;
  const valueAt = line.indexOf(":", nameAt) + 1;
  if (nameAt === 0 || valueAt === 0) return "must be type:name:value";
  const [type = "", option, ...more] = line.slice(0, nameAt - 1).split(",");
  if (!isType(type)) return `${type.slice(0, 20)}: is no type of meter`;
  if (more.length > 0 || (option !== undefined && !(withOption.has(type) && whole.test(option)))) {
    return `${type}: has no such option`;
  }
  const value = line.slice(valueAt);
  if (!(type === "U" ? whole : number).test(value)) return `${value.slice(0, 40)}: is no number`;
  const [name = "", ...pairs] = line.slice(nameAt, valueAt - 1).split(",");
  if (name === "") return "has no name";
  const tags: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1 || at === pair.length - 1) return `${pair.slice(0, 40)}: must be key=value`;
    tags[allowed(pair.slice(0, at))] = allowed(pair.slice(at + 1));
  }
  return { type, option: option === undefined ? undefined : Number(option), name: allowed(name), tags, value };
}

/** `name,key=value…`, to be kept: it is the costly part of a line. */
export function spectatordId(name: string, tags: Tags = {}): string {
  let id = allowed(name);
  for (const [key, value] of Object.entries(tags)) if (value !== "") id += `,${allowed(key)}=${allowed(value)}`;
  return id;
}

/** A line without its end. Durations of `t` and `T` are seconds. */
export function spectatordLine(type: SpectatordType, id: string, value: number | bigint, option?: number): string {
  return option === undefined ? `${type}:${id}:${value}` : `${type},${option}:${id}:${value}`;
}

function isType(text: string): text is SpectatordType {
  return types.has(text);
}

function allowed(text: string): string {
  return text.replaceAll(notAllowed, "_");
}
