import type { Zone } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";

/** Where containers have their addresses. */
export type ContainerNetwork =
  /** The machine's own: addresses `127.R.Z.I` as with the process engine. */
  | { readonly kind: "host" }
  /** A bridge for the zone; each instance has its address of `subnet`, such as `10.89.1.0/24`. */
  | { readonly kind: "bridge"; readonly name: string; readonly subnet: string }
  /** Namespaces of ours, one for each address; `pathOf` makes it when it is not there. Podman takes them, Docker does not. */
  | { readonly kind: "namespaces"; pathOf(address: string): Promise<string> };

/** An image as the container engine takes it. */
export interface LoadableImage {
  /** Under which the engine has it once it has taken it in: `localhost/movies-catalog:0.0.0-9b3bc237`. */
  readonly reference: string;
  /** For `POST /images/load`. A chunk is valid until the next is asked for. */
  archive(): AsyncIterable<Uint8Array>;
}

/** Makes the image of an instance from what its spec names. */
export type ImageSource = (spec: LaunchSpec) => Promise<LoadableImage>;

export interface ContainerRuntimeOptions {
  /** Names the stack on this engine; several may share it. */
  readonly stack: string;
  readonly zone: Zone;
  /** Path of the Docker API's Unix socket. */
  readonly socket: string;
  readonly network: ContainerNetwork;
  readonly images: ImageSource;
  /** Where the output of an instance goes, also of one that is found without its agent's memory. */
  readonly logFileOf: (spec: LaunchSpec) => string;
  /** Directories of this machine that every instance sees by the same path and cannot change. */
  readonly readOnly?: readonly string[];
}
