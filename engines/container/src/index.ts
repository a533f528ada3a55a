export { ContainerRuntime } from "./container-runtime.ts";
export type { ContainerNetwork, ContainerRuntimeOptions, ImageSource, LoadableImage } from "./settings.ts";
