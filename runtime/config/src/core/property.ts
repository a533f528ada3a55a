/** A typed value that can change while the program runs. `get` is a field read. */
export interface Property<T> {
  get(): T;
  /** Some source says something of it that is fit; otherwise `get` gives the fallback. */
  readonly isSet: boolean;
  /** Calls `onChange` with each new effective value; returns the way to stop. What it throws is logged. */
  subscribe(onChange: (value: T) => void): () => void;
  /** A property worked out of this one. Where `work` throws later on, the last value stays. */
  map<U>(work: (value: T) => U): Property<U>;
  /** The other one (by its key: of the same type and fallback) as long as nobody says anything of this. */
  orElse(other: Property<T> | string): Property<T>;
}

/** What properties need of the configuration they belong to. */
export interface PropertyHome {
  failed(what: string, error: unknown): void;
}

/** A property that is brought up to date first, together with all others of a change, and tells its listeners then. */
export abstract class PropertyNode<T> implements Property<T> {
  protected value: T;
  readonly derived = new Set<PropertyNode<unknown>>();
  readonly #home: PropertyHome;
  readonly #listeners = new Set<(value: T) => void>();
  #told: T;

  constructor(home: PropertyHome, value: T) {
    this.#home = home;
    this.value = value;
    this.#told = value;
  }

  abstract get isSet(): boolean;
  /** For logs. */
  abstract get name(): string;
  /** True when its value, or whether it is set, is another one now. */
  abstract recompute(): boolean;
  protected abstract same(a: T, b: T): boolean;
  protected abstract named(key: string): Property<T>;

  get(): T {
    return this.value;
  }

  subscribe(onChange: (value: T) => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }

  map<U>(work: (value: T) => U): Property<U> {
    return new MappedProperty<T, U>(this.#home, this, work);
  }

  orElse(other: Property<T> | string): Property<T> {
    const then = typeof other === "string" ? this.named(other) : other;
    return new ChainedProperty<T>(this.#home, this, then as PropertyNode<T>);
  }

  notify(): void {
    if (this.same(this.#told, this.value)) return;
    this.#told = this.value;
    for (const listener of this.#listeners) {
      try {
        listener(this.value);
      } catch (error) {
        this.#home.failed(`a subscriber of ${this.name}`, error);
      }
    }
  }
}

class MappedProperty<S, T> extends PropertyNode<T> {
  readonly #of: PropertyNode<S>;
  readonly #work: (value: S) => T;
  readonly #in: PropertyHome;

  constructor(home: PropertyHome, of: PropertyNode<S>, work: (value: S) => T) {
    super(home, work(of.get()));
    this.#in = home;
    this.#of = of;
    this.#work = work;
    of.derived.add(this as PropertyNode<unknown>);
  }

  get isSet(): boolean {
    return this.#of.isSet;
  }

  get name(): string {
    return this.#of.name;
  }

  recompute(): boolean {
    try {
      this.value = this.#work(this.#of.get());
    } catch (error) {
      this.#in.failed(`what ${this.name} is mapped by`, error);
    }
    return true;
  }

  protected same(a: T, b: T): boolean {
    return Object.is(a, b);
  }

  protected named(): never {
    throw new TypeError(`${this.name}: a mapped property has no type of its own; give orElse a property`);
  }
}

class ChainedProperty<T> extends PropertyNode<T> {
  readonly #first: PropertyNode<T>;
  readonly #then: PropertyNode<T>;

  constructor(home: PropertyHome, first: PropertyNode<T>, then: PropertyNode<T>) {
    super(home, (first.isSet ? first : then).get());
    this.#first = first;
    this.#then = then;
    first.derived.add(this as PropertyNode<unknown>);
    then.derived.add(this as PropertyNode<unknown>);
  }

  get isSet(): boolean {
    return this.#first.isSet || this.#then.isSet;
  }

  get name(): string {
    return `${this.#first.name}, else ${this.#then.name}`;
  }

  recompute(): boolean {
    this.value = (this.#first.isSet ? this.#first : this.#then).get();
    return true;
  }

  protected same(a: T, b: T): boolean {
    return Object.is(a, b);
  }

  protected named(key: string): Property<T> {
    return (this.#first as unknown as { named(key: string): Property<T> }).named(key);
  }
}
