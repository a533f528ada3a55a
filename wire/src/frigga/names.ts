import { PlatformError } from "@holdfast/kernel";
import { nameChars, nameHyphenChars, pushFormat } from "./characters.ts";
import { type LabeledVariables, parseLabeledVariables } from "./labels.ts";

/** The parts of the name of a server group, load balancer or security group. `null`: not there. */
export interface Names extends LabeledVariables {
  /** The whole name: `app-stack-detail-v001`. */
  readonly group: string | null;
  /** The name without its version: `app-stack-detail`. */
  readonly cluster: string | null;
  readonly app: string | null;
  readonly stack: string | null;
  readonly detail: string | null;
  /** The version: `v001`. */
  readonly push: string | null;
  /** The number of the version: 1. */
  readonly sequence: number | null;
}

const pushPattern = new RegExp(`^([${nameHyphenChars}]*)-(${pushFormat})$`);
const namePattern = new RegExp(`^([${nameChars}]+)(?:-([${nameChars}]*)(?:-([${nameHyphenChars}]*))?)?$`);

const { unprocessed: _, ...noVariables } = parseLabeledVariables(null);
const nothing: Names = {
  group: null,
  cluster: null,
  app: null,
  stack: null,
  detail: null,
  push: null,
  sequence: null,
  ...noVariables,
};

/** Takes a name apart as Frigga does. A name that is none has no parts: every field is `null`. */
export function parseName(name: string | null | undefined): Names {
  if (name === null || name === undefined) return nothing;
  const push = pushPattern.exec(name);
  const cluster = push?.[1] ?? name;
  const parts = namePattern.exec(cluster);
  if (parts === null) return nothing;
  const { unprocessed: _, ...variables } = parseLabeledVariables(cluster);
  return {
    group: name,
    cluster,
    app: parts[1] ?? null,
    stack: parts[2] || null,
    detail: parts[3] || null,
    push: push?.[2] ?? null,
    sequence: push === null ? null : Number(push[2]?.slice(1)),
    ...variables,
  };
}

/**
 * Like {@link parseName}, for a name that must be one. (Frigga itself lets a name through here that has a version but
 * no application, and gives it no parts.)
 *
 * @throws PlatformError `NAME_INVALID`.
 */
export function parseNameOrThrow(name: string | null | undefined): Names {
  const names = parseName(name);
  if (names.group !== null) return names;
  throw new PlatformError("NAME_INVALID", `${JSON.stringify(name ?? null)}: is not a name`, {
    next: "write app, app-stack or app-stack-detail of letters, digits, dots and underscores; a detail may have hyphens",
    details: { name },
    status: 400,
  });
}
