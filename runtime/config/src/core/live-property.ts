import type { ValueType } from "../types/value-type.ts";
import type { Property } from "./property.ts";
import { type PropertyHome, PropertyNode } from "./property.ts";

/** `true`, or why the value is refused. */
export type Check<T> = (value: T) => true | string;

/** What is said of a key, as the property's type reads it. */
export type Outcome<T> =
  | { readonly kind: "set"; readonly value: T }
  | { readonly kind: "unset" }
  /** Something is said, and it is unfit. */
  | { readonly kind: "refused"; readonly weaker: T | undefined };

export interface LiveHome extends PropertyHome {
  outcome<T>(property: LiveProperty<T>): Outcome<T>;
  property<T>(key: string, fallback: T, options: { readonly type: ValueType<T> }): Property<T>;
}

/** The value of one key, read as one type. */
export class LiveProperty<T> extends PropertyNode<T> {
  readonly key: string;
  readonly type: ValueType<T>;
  readonly check: Check<T> | undefined;
  readonly #fallback: T;
  readonly #home: LiveHome;
  #isSet = false;

  constructor(home: LiveHome, key: string, fallback: T, type: ValueType<T>, check: Check<T> | undefined) {
    super(home, fallback);
    this.#home = home;
    this.key = key;
    this.type = type;
    this.check = check;
    this.#fallback = fallback;
    const outcome = home.outcome(this);
    if (outcome.kind === "set") this.#take(outcome.value, true);
    // Nothing was good before: the next weaker layer's word is better than none.
    else if (outcome.kind === "refused" && outcome.weaker !== undefined) this.#take(outcome.weaker, true);
    this.notify();
  }

  get isSet(): boolean {
    return this.#isSet;
  }

  get name(): string {
    return this.key;
  }

  recompute(): boolean {
    const outcome = this.#home.outcome(this);
    // The last good value stays.
    if (outcome.kind === "refused") return false;
    return outcome.kind === "set" ? this.#take(outcome.value, true) : this.#take(this.#fallback, false);
  }

  #take(value: T, isSet: boolean): boolean {
    const isOther = isSet !== this.#isSet || !this.same(value, this.value);
    this.#isSet = isSet;
    if (!this.same(value, this.value)) this.value = value;
    return isOther;
  }

  protected same(a: T, b: T): boolean {
    if (Object.is(a, b)) return true;
    const { type } = this;
    return type.same !== undefined && a !== undefined && b !== undefined && type.same(a, b);
  }

  protected named(key: string): Property<T> {
    return this.#home.property(key, this.#fallback, { type: this.type });
  }
}
