export {
  Config,
  type ConfigOptions,
  type Explanation,
  type PropertyOptions,
  type Refusal,
  type Said,
  type Widen,
} from "./core/config.ts";
export { type Layer, layers, maskedValue, type Origin, type Value } from "./core/layers.ts";
export type { Check } from "./core/live-property.ts";
export type { Property } from "./core/property.ts";
export { type StandardSchema, typed } from "./core/schema-view.ts";
export { addDeploymentContext, contextQuery, deploymentContext } from "./deployment-context.ts";
export {
  type OpenConfigStream,
  type OpenStream,
  openConfigStream,
  type StreamHandlers,
} from "./remote/config-stream.ts";
export { RemoteSource, type RemoteSourceOptions, type Staleness } from "./remote/remote-source.ts";
export { SnapshotFile } from "./remote/snapshot-file.ts";
export { addObject } from "./sources/object-source.ts";
export { PolledSource, type PolledSourceOptions } from "./sources/polled-source.ts";
export { effectiveRows, rank, readRows, type ScopedRow } from "./sources/scoped-rows.ts";
export { json, list, map, set, texts } from "./types/collections.ts";
export { contextual } from "./types/contextual.ts";
export { bytes, date, duration, flag, number, oneOf, text } from "./types/scalars.ts";
export type { ReadKey, ValueType } from "./types/value-type.ts";
