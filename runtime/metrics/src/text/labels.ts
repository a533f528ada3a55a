import type { Tags } from "../meters/tags.ts";

const upperAfterLower = /([a-z0-9])([A-Z])/g;
const notInNames = /[^A-Za-z0-9_]/g;

/** A name as Prometheus writes them: `ipc.server.call` is `ipc_server_call`, `fooBar` is `foo_bar`, `2xx` is `_2xx`. */
export function snakeName(name: string): string {
  const snake = name.replaceAll(upperAfterLower, "$1_$2").replaceAll(notInNames, "_").toLowerCase();
  return /^\d/.test(snake) || snake === "" ? `_${snake}` : snake;
}

/** `{a="1",b="2"}`, or nothing. Two tags that become one label: the first is kept. */
export function labels(tags: Tags, more?: readonly [string, string]): string {
  let text = "";
  const taken = new Set<string>(more === undefined ? [] : [more[0]]);
  for (const [tag, value] of Object.entries(tags)) {
    // Labels that begin with two underscores are Prometheus' own.
    const label = snakeName(tag).replace(/^_{2,}/, "_");
    if (taken.has(label)) continue;
    taken.add(label);
    text += `${text === "" ? "" : ","}${label}="${escapeLabel(value)}"`;
  }
  if (more !== undefined) text += `${text === "" ? "" : ","}${more[0]}="${more[1]}"`;
  return text === "" ? "" : `{${text}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Numbers as Prometheus reads them. */
export function sample(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
