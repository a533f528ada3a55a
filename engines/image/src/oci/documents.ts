import { nonRoot } from "../base/base-layer.ts";
import type { Blob } from "../store/blob-store.ts";
import type { Layer } from "./layer.ts";

/** Media types and file names of the OCI image specification 1.1. */
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;
export const layoutFile = "oci-layout";
export const layoutText = '{"imageLayoutVersion":"1.0.0"}';
export const indexFile = "index.json";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: typeof mediaTypes.manifest;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface IndexDocument {
  readonly schemaVersion: 2;
  readonly mediaType: typeof mediaTypes.index;
  readonly manifests: readonly Descriptor[];
}

export interface ImageConfigOrder {
  readonly layers: readonly Layer[];
  readonly env: readonly string[];
  /** Program and arguments; there is no shell in the image. Empty: whoever runs it says. */
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Node's word for this machine → OCI's (Go's). */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
export const architecture: string = architectures[process.arch] ?? process.arch;

/** One time for all: an image that says when it was made is another one each time. */
const created = "1970-01-01T00:00:00Z";

export function imageConfig({ layers, env, command, labels }: ImageConfigOrder): string {
  return JSON.stringify({
    created,
    architecture,
    os: "linux",
    config: {
      User: `${nonRoot.id}:${nonRoot.id}`,
      Env: env,
      ...(command.length === 0 ? {} : { Cmd: command }),
      WorkingDir: "/app",
      Labels: labels,
      StopSignal: "SIGTERM",
    },
    // A layer that is not compressed has one digest for both.
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(({ title }) => ({ created, created_by: "holdfast", comment: title })),
  });
}

export function imageManifest(
  config: Blob,
  layers: readonly Layer[],
  annotations: Readonly<Record<string, string>>,
): Manifest {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: config.digest, size: config.bytes },
    layers: layers.map(({ digest, bytes }) => ({ mediaType: mediaTypes.layer, digest, size: bytes })),
    annotations,
  };
}
