import type { Value } from "../core/layers.ts";

/** How a type looks other keys up, such as the deployment context's. */
export type ReadKey = (key: string) => Value | undefined;

/** Reads what sources say as a `T`. */
export interface ValueType<T> {
  /** For people: `a number`, `a duration such as 250ms or 5s`. */
  readonly expected: string;
  /** `undefined`: it is none. Must not throw. */
  decode(value: Value, read: ReadKey): T | undefined;
  /** Default: `Object.is`. Types whose values are objects say when two are the same. */
  same?(a: T, b: T): boolean;
}
