import { readFile } from "node:fs/promises";
import type { BlobStore } from "../store/blob-store.ts";
import type { OciForm } from "../store/records.ts";
import { type IndexDocument, indexFile, layoutFile, layoutText, type Manifest, mediaTypes } from "./documents.ts";
import { withDirectories } from "./layer.ts";
import { type TarEntry, tar } from "./tar.ts";

/**
 * One image as a tar archive that `podman load`, `docker load` and the Docker API's `POST /images/load` take: an OCI
 * layout with the list that Docker wants beside it. The same image gives the same bytes.
 *
 * @param reference what whoever loads it calls it, behind `localhost/`.
 */
export async function* archiveOf(
  form: OciForm,
  blobs: BlobStore,
  reference: string = form.reference,
): AsyncGenerator<Uint8Array> {
  const manifest: Manifest = JSON.parse(await readFile(blobs.pathOf(form.digest), "utf8"));
  const index: IndexDocument = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [
      {
        mediaType: mediaTypes.manifest,
        digest: form.digest,
        size: form.manifestBytes,
        annotations: {
          "org.opencontainers.image.ref.name": reference,
          "io.containerd.image.name": `localhost/${reference}`,
        },
      },
    ],
  };
  const forDocker = [
    {
      Config: blobPath(manifest.config.digest),
      RepoTags: [`localhost/${reference}`],
      Layers: manifest.layers.map(({ digest }) => blobPath(digest)),
    },
  ];
  const own = { digest: form.digest, size: form.manifestBytes };
  const parts = new Map([own, manifest.config, ...manifest.layers].map(({ digest, size }) => [digest, size]));
  const entries: TarEntry[] = [
    text(layoutFile, layoutText),
    text(indexFile, JSON.stringify(index)),
    text("manifest.json", JSON.stringify(forDocker)),
    ...[...parts].map(([digest, bytes]): TarEntry => {
      return { kind: "file", path: blobPath(digest), mode: 0o444, from: blobs.pathOf(digest), bytes };
    }),
  ];
  yield* tar(withDirectories(entries));
}

function blobPath(digest: string): string {
  return digest.replace(/^sha256:/, "blobs/sha256/");
}

function text(path: string, content: string): TarEntry {
  return { kind: "file", path, mode: 0o444, content: Buffer.from(content, "utf8") };
}
