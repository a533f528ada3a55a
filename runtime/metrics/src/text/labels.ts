import type { Tags } from "../meters/tags.ts";

const upperAfterLower = /([a-z0-9])([A-Z])/g;
const notInNames = /[^A-Za-z0-9_]/g;

/** A name as Prometheus writes them: `ipc.server.call` is `ipc_server_call`, `fooBar` is `foo_bar`, `2xx` is `_2xx`. */
export function snakeName(name: string): string {
  const snake = name.replaceAll(upperAfterLower, "$1_$2").replaceAll(notInNames, "_").toLowerCase();
  return /^\d/.test(snake) || snake === "" ? `_${snake}` : snake;
}

/** `{a="1",b="2"}` in the order of labels, `more` last; or nothing. Two tags that become one label: the first is kept. */
export function labels(tags: Tags, more?: readonly [string, string]): string {
  const values = new Map<string, string>();
  for (const [tag, value] of Object.entries(tags)) {
    const label = labelName(tag);
    if (!values.has(label)) values.set(label, value);
  }
  const pairs = [...values.keys()].toSorted().map((label) => `${label}="${escapeLabel(values.get(label) ?? "")}"`);
  if (more !== undefined) pairs.push(`${more[0]}="${more[1]}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Labels that begin with two underscores, and those of buckets and quantiles, are Prometheus' own. */
function labelName(tag: string): string {
  const name = snakeName(tag).replace(/^_{2,}/, "_");
  return name === "le" || name === "quantile" ? `${name}_` : name;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Numbers as Prometheus reads them. */
export function sample(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
