import type { Config } from "../core/config.ts";
import type { Layer } from "../core/layers.ts";
import { flatten } from "./flatten.ts";

/** An object, nested or flat, as a source of its own. */
export function addObject(config: Config, layer: Layer, name: string, object: Readonly<Record<string, unknown>>): void {
  config.replace(layer, name, flatten(object));
}
