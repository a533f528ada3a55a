import { createHash } from "node:crypto";
import type { Clock } from "@holdfast/kernel";
import { type Base, describeBase } from "../base/base-layer.ts";
import { digestOfContent } from "../bundle/bake.ts";
import { amiIdOf, type ImageIdentity, type ImageNames, nameImage } from "../naming.ts";
import type { Blob, BlobStore } from "../store/blob-store.ts";
import { Progress } from "../store/progress.ts";
import type { OciForm } from "../store/records.ts";
import { architecture, imageConfig, imageManifest } from "./documents.ts";
import { bytesOf, type Layer, type Layers } from "./layer.ts";
import { applicationContent, dependenciesContent, type LayerContent } from "./program-layers.ts";

export interface OciOptions {
  /** Program and arguments, run in `/app`; there is no shell in the image. Default: whoever runs it says. */
  readonly command?: readonly string[];
  /** `copy` (default): what the bundle's `node_modules` leads to is in the image. `none`: the program is one file. */
  readonly dependencies?: "copy" | "none";
  /** The Node binary to take. Default: the one that runs this. */
  readonly node?: { readonly path: string; readonly version: string };
}

export interface OciResult {
  readonly names: ImageNames;
  readonly baseVersion: string;
  readonly form: OciForm;
  readonly layers: readonly Layer[];
}

interface Tools {
  readonly blobs: BlobStore;
  readonly layers: Layers;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/**
 * Makes the blobs of a container image from a bundle: base, dependencies, application, config and manifest. The same
 * bundle, identity and Node give the same digest.
 */
export async function bakeOci(
  bundle: string,
  identity: ImageIdentity,
  options: OciOptions,
  tools: Tools,
): Promise<OciResult> {
  const node = options.node ?? { path: process.execPath, version: process.versions.node };
  const base = await describeBase(node.path, node.version);
  const dependencies = options.dependencies === "none" ? undefined : await dependenciesContent(bundle);
  const baseContent = {
    title: `Node ${base.version} and the libraries it needs`,
    key: base.key,
    entries: base.entries,
  };
  const contents = [baseContent, dependencies, await applicationContent(bundle)].filter((one) => one !== undefined);
  const layers = await makeAll(contents, tools);
  const content = await digestOfContent(bundle);
  const names = nameImage(identity, dependencies === undefined ? content : joined(content, layers[1]));
  const origin = originOf(base, layers[0], names);
  const { blobs } = tools;
  const labels = { appversion: names.appVersion, creator: identity.creator ?? "holdfast", ...origin };
  const command = options.command ?? [];
  const config = await putText(blobs, imageConfig({ layers, env: base.env, command, labels }));
  const manifest = await putText(blobs, JSON.stringify(imageManifest(config, layers, annotationsOf(names, labels))));
  const unique = new Map([...layers, config].map((blob) => [blob.digest, blob.bytes]));
  const bytes = [...unique.values()].reduce((sum, one) => sum + one, manifest.bytes);
  const { reference } = names;
  const form = { digest: manifest.digest, reference, manifestBytes: manifest.bytes, blobs: [...unique.keys()], bytes };
  return { names, baseVersion: labels.base_ami_version, form, layers };
}

async function makeAll(contents: readonly LayerContent[], { layers, clock, say }: Tools): Promise<Layer[]> {
  const made: Layer[] = [];
  for (const content of contents) {
    const progress = new Progress(clock, say, content.title, bytesOf(content.entries));
    made.push(await layers.make({ ...content, onBytes: (bytes) => progress.add(bytes) }));
  }
  return made;
}

/** One program with other dependencies is another release. */
function joined(content: string, dependencies: Layer | undefined): string {
  return createHash("sha256")
    .update(content)
    .update(dependencies?.digest ?? "")
    .digest("hex");
}

/** Aminator's tags and the description Frigga reads. */
function originOf(
  base: Base,
  layer: Layer | undefined,
  names: ImageNames,
): { readonly base_ami_version: string; readonly description: string } {
  const digest = layer?.digest ?? "";
  const version = `${base.name}-${base.version}-${digest.replace("sha256:", "").slice(0, 8)}`;
  const about = [
    `name=${names.package}`,
    `arch=${architecture}`,
    `ancestor_name=${base.name}-${base.version}-${architecture}`,
    `ancestor_id=${amiIdOf(digest)}`,
    `ancestor_version=${version}`,
  ];
  return { base_ami_version: version, description: about.join(", ") };
}

function annotationsOf(names: ImageNames, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": names.package,
    "org.opencontainers.image.version": names.version,
    "org.opencontainers.image.revision": names.release,
    "org.opencontainers.image.ref.name": names.reference,
    "org.opencontainers.image.description": labels["description"] ?? "",
    ...labels,
  };
}

async function putText(blobs: BlobStore, text: string): Promise<Blob> {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text, "utf8");
  }
  return blobs.put(once());
}
