import { type Config, type Layer, layers, type Value } from "@holdfast/config";

/** Of the key as written and in lower case, as the environment has it: what each layer says, strongest first. */
export function valuesAt(config: Config, path: string): readonly Value[] {
  const said = config.explain(path).layers;
  const lower = config.explain(path.toLowerCase()).layers;
  const all = lower.length === 0 ? said : [...said, ...lower].toSorted((a, b) => strengthOf(a) - strengthOf(b));
  return all.map(({ value }) => value);
}

function strengthOf(said: { readonly layer: Layer }): number {
  return layers.indexOf(said.layer);
}
