import { type PropertyScope, type PropertyScopeKey, propertyScopeKeys } from "@holdfast/wire";
import { type FilterToken, filterError, filterTokens } from "./filter-tokens.ts";

/** A filter of Archaius's persisted source, read: `(appId='x' or appId is null) and (env='prod' or env is null)`. */
export type Filter =
  | { readonly kind: "and" | "or"; readonly parts: readonly Filter[] }
  | { readonly kind: "equals" | "differs"; readonly scope: PropertyScopeKey; readonly value: string }
  | { readonly kind: "null" | "not-null"; readonly scope: PropertyScopeKey };

const depthMax = 32;
const comparisonsMax = 200;

/**
 * Reads a filter; an empty one lets everything through.
 *
 * @throws PlatformError `CONFIG_FILTER_INVALID` (400), which names the character; also beyond 32 levels of brackets or 200
 * comparisons.
 */
export function parseFilter(filter: string): Filter {
  if (filter.trim() === "") return { kind: "and", parts: [] };
  const parser = new FilterParser(filterTokens(filter));
  return parser.whole();
}

/** Whether a value under this normal scope passes. Texts are compared in lower case; a list passes by any part. */
export function filterPasses(filter: Filter, scope: PropertyScope): boolean {
  switch (filter.kind) {
    case "and":
      return filter.parts.every((part) => filterPasses(part, scope));
    case "or":
      return filter.parts.some((part) => filterPasses(part, scope));
    case "equals":
      return scope[filter.scope]?.split(",").includes(filter.value) ?? false;
    case "differs":
      // As in SQL: what is null is not different from anything either.
      return scope[filter.scope] !== undefined && !scope[filter.scope]?.split(",").includes(filter.value);
    case "null":
      return scope[filter.scope] === undefined;
    case "not-null":
      return scope[filter.scope] !== undefined;
    default:
      return filter satisfies never;
  }
}

/** The scopes that a filter speaks of. */
export function scopesOf(filter: Filter, found = new Set<PropertyScopeKey>()): Set<PropertyScopeKey> {
  if ("parts" in filter) for (const part of filter.parts) scopesOf(part, found);
  else found.add(filter.scope);
  return found;
}

class FilterParser {
  readonly #tokens: readonly FilterToken[];
  #next = 0;
  #comparisons = 0;

  constructor(tokens: readonly FilterToken[]) {
    this.#tokens = tokens;
  }

  whole(): Filter {
    const filter = this.#either(0);
    if (this.#peek().kind !== "end") throw this.#expected("and, or, or the end");
    return filter;
  }

  #either(depth: number): Filter {
    const parts = [this.#both(depth)];
    while (this.#take("or")) parts.push(this.#both(depth));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "or", parts };
  }

  #both(depth: number): Filter {
    const parts = [this.#one(depth)];
    while (this.#take("and")) parts.push(this.#one(depth));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "and", parts };
  }

  #one(depth: number): Filter {
    const { at } = this.#peek();
    if (!this.#take("(")) return this.#comparison();
    if (depth >= depthMax) throw filterError(at, `more than ${depthMax} brackets within each other`);
    const inner = this.#either(depth + 1);
    if (!this.#take(")")) throw this.#expected("a closing bracket");
    return inner;
  }

  #comparison(): Filter {
    const { at, text, kind } = this.#peek();
    const scope = propertyScopeKeys.find((key) => key.toLowerCase() === text.toLowerCase());
    if (kind !== "word" || scope === undefined) throw this.#expected(`a scope (${propertyScopeKeys.join(", ")})`);
    this.#comparisons += 1;
    if (this.#comparisons > comparisonsMax) throw filterError(at, `more than ${comparisonsMax} comparisons`);
    this.#next += 1;
    if (this.#take("is")) {
      const negated = this.#take("not");
      if (!this.#take("null")) throw this.#expected(negated ? "null" : "null or not null");
      return { kind: negated ? "not-null" : "null", scope };
    }
    const equals = this.#take("=");
    if (!equals && !this.#take("!=") && !this.#take("<>")) throw this.#expected("=, != or is");
    const value = this.#peek();
    if (value.kind !== "text") throw this.#expected("a text between single quotes");
    this.#next += 1;
    return { kind: equals ? "equals" : "differs", scope, value: value.text.trim().toLowerCase() };
  }

  #peek(): FilterToken {
    return this.#tokens[this.#next] ?? { at: 0, text: "the end", kind: "end" };
  }

  #take(text: string): boolean {
    const token = this.#peek();
    if (token.kind === "text" || token.kind === "end" || token.text.toLowerCase() !== text) return false;
    this.#next += 1;
    return true;
  }

  #expected(what: string): Error {
    const { at, text, kind } = this.#peek();
    const found = kind === "end" ? text : `${kind === "text" ? `'${text}'` : text}`;
    return filterError(at, `expected ${what}, found ${found.slice(0, 40)}`);
  }
}
