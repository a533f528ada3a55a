import type { PropertyScope } from "@holdfast/wire";

/** What kinds of changes there are; `stage-*` are a trial's beginning, steps and end. */
export const changeKinds = [
  "set",
  "rollback",
  "secret",
  "stage-started",
  "stage-advanced",
  "stage-reverted",
  "stage-completed",
] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** What somebody asks for: a value under a scope, or (null) none any more. */
export interface Edit {
  readonly key: string;
  readonly scope: PropertyScope;
  readonly value: string | null;
}

/** What it did. */
export interface AppliedEdit {
  readonly key: string;
  readonly scope: PropertyScope;
  readonly before: string | null;
  readonly after: string | null;
}

/** One entry of the history: all or nothing, under one revision. Never holds a secret. */
export interface Change {
  readonly revision: number;
  readonly atMs: number;
  readonly author: string;
  readonly reason: string;
  readonly kind: ChangeKind;
  readonly edits: readonly AppliedEdit[];
  /** The trial that this belongs to. */
  readonly stage?: string;
  /** For a rollback: the revision that all was brought back to, or the one that was undone. */
  readonly rollback?: { readonly to: number } | { readonly undone: number };
  /** A secret's name, and salted fingerprints of what it was and is; null: there was, or is, none. */
  readonly secret?: { readonly name: string; readonly before: string | null; readonly after: string | null };
}

/** One value as it counts now. */
export interface PropertyRow {
  readonly propertyId: string;
  readonly key: string;
  readonly scope: PropertyScope;
  readonly value: string;
  readonly revision: number;
  readonly author: string;
  readonly atMs: number;
  readonly reason: string;
}
