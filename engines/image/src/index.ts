export type { BakeOptions, Bundle } from "./bundle/bake.ts";
export { type ContainerImage, ImageStore, type LoadableImage } from "./image-store.ts";
export type { ImageIdentity } from "./naming.ts";
export type { OciOptions } from "./oci/bake-oci.ts";
export type { GarbageOptions, GarbageResult } from "./store/collect-garbage.ts";
export type { StoredImage } from "./store/garbage-plan.ts";
export type { ImageRecord, OciForm } from "./store/records.ts";
