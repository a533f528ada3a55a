import { hasLineBreak } from "./characters.ts";

/** Label of a variable at the end of a name → what it says. In a name: the letter, `0`, the value (`d0prod`). */
export const labels = {
  c: "countries",
  d: "devPhase",
  h: "hardware",
  p: "partners",
  r: "revision",
  u: "usedBy",
  w: "redBlackSwap",
  z: "zone",
} as const;

export type Label = keyof typeof labels;
export type LabeledVariables = { readonly [K in (typeof labels)[Label]]: string | null };

export interface LabeledVariablesResult extends LabeledVariables {
  /** What stands before the variables; `null` when there are none. */
  readonly unprocessed: string | null;
}

const variable = /^[cdhpruwz]0[a-zA-Z0-9]+$/;

/**
 * Reads the labelled variables at the end of a name: `cass-main-c0us-d0prod` says `countries` us and `devPhase` prod.
 * A variable that is followed by anything else is part of the name.
 */
export function parseLabeledVariables(name: string | null | undefined): LabeledVariablesResult {
  const tokens = (name ?? "").split("-");
  let first = tokens.length;
  while (first > 0 && variable.test(tokens[first - 1] ?? "")) first--;
  const unprocessed = tokens.slice(0, first).join("-");
  if (first === tokens.length || hasLineBreak(unprocessed)) return { unprocessed: null, ...valuesOf("") };
  return { unprocessed, ...valuesOf(tokens.slice(first).join("-")) };
}

/** The value of the first variable with this label anywhere in `text`, or `null`. */
export function extractLabeledVariable(text: string | null | undefined, label: Label): string | null {
  return patterns[label].exec(text ?? "")?.[1] ?? null;
}

const patterns: { readonly [K in Label]: RegExp } = {
  c: /c0([a-zA-Z0-9]+)/,
  d: /d0([a-zA-Z0-9]+)/,
  h: /h0([a-zA-Z0-9]+)/,
  p: /p0([a-zA-Z0-9]+)/,
  r: /r0([a-zA-Z0-9]+)/,
  u: /u0([a-zA-Z0-9]+)/,
  w: /w0([a-zA-Z0-9]+)/,
  z: /z0([a-zA-Z0-9]+)/,
};

function valuesOf(text: string): LabeledVariables {
  return {
    countries: extractLabeledVariable(text, "c"),
    devPhase: extractLabeledVariable(text, "d"),
    hardware: extractLabeledVariable(text, "h"),
    partners: extractLabeledVariable(text, "p"),
    revision: extractLabeledVariable(text, "r"),
    usedBy: extractLabeledVariable(text, "u"),
    redBlackSwap: extractLabeledVariable(text, "w"),
    zone: extractLabeledVariable(text, "z"),
  };
}
