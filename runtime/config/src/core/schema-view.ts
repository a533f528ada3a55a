import { PlatformError } from "@holdfast/kernel";
import type { Config } from "./config.ts";
import type { Value } from "./layers.ts";
import { type Property, PropertyNode } from "./property.ts";

/** A schema of any library that speaks Standard Schema (zod, valibot, arktype …). */
export interface StandardSchema<T> {
  readonly "~standard": {
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
  };
}

type SchemaResult<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * All keys below `prefix` as one object, validated: `typed(config, "ratings", z.object({ limit: z.coerce.number() })).get().limit`.
 * A change that does not fit leaves the last good object, and is logged with the path.
 *
 * @throws PlatformError `CONFIG_VIEW_UNFIT` when what is there at first does not fit.
 */
export function typed<T>(config: Config, prefix: string, schema: StandardSchema<T>): Property<T> {
  const node = new SchemaView(config, prefix, schema);
  config.addByPrefix(`${prefix}.`, node as PropertyNode<unknown>);
  return node;
}

class SchemaView<T> extends PropertyNode<T> {
  readonly #config: Config;
  readonly #prefix: string;
  readonly #schema: StandardSchema<T>;

  constructor(config: Config, prefix: string, schema: StandardSchema<T>) {
    super(config, validated(config, prefix, schema));
    this.#config = config;
    this.#prefix = prefix;
    this.#schema = schema;
  }

  get isSet(): boolean {
    return this.#config.keys(this.#prefix).size > 0;
  }

  get name(): string {
    return `${this.#prefix}.*`;
  }

  recompute(): boolean {
    try {
      this.value = validated(this.#config, this.#prefix, this.#schema);
      return true;
    } catch (error) {
      this.#config.failed(`the view of ${this.#prefix}`, error);
      return false;
    }
  }

  protected same(a: T, b: T): boolean {
    return JSON.stringify(a) === JSON.stringify(b);
  }

  protected named(): never {
    throw new TypeError(`${this.name}: a view has no fallback; give orElse a property`);
  }
}

function validated<T>(config: Config, prefix: string, schema: StandardSchema<T>): T {
  const result = schema["~standard"].validate(nested(config, prefix));
  const unfit = (what: string): PlatformError =>
    new PlatformError("CONFIG_VIEW_UNFIT", what, { status: 400, next: `holdfast config explain ${prefix}` });
  if (result instanceof Promise) throw unfit(`${prefix}: a schema that validates asynchronously cannot be a view`);
  if (result.issues === undefined) return result.value;
  const [issue] = result.issues;
  const path = (issue?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  throw unfit(`${[prefix, ...path].join(".")}: ${issue?.message ?? "does not fit"}`);
}

type Tree = { [key: string]: Tree | Value };

function nested(config: Config, prefix: string): Tree {
  const root: Tree = Object.create(null) as Tree;
  for (const key of config.keys(prefix)) {
    const value = config.effective(key);
    if (value === undefined) continue;
    const parts = key.slice(prefix.length + 1).split(".");
    let at = root;
    for (const part of parts.slice(0, -1)) {
      const next = at[part];
      at = typeof next === "object" ? next : (at[part] = Object.create(null) as Tree);
    }
    const last = parts.at(-1) ?? "";
    if (typeof at[last] !== "object") at[last] = value;
  }
  return root;
}
