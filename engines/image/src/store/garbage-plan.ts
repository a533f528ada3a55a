import type { ImageRecord } from "./records.ts";

/** One image in the store: a bundle, and what is known of it. */
export interface StoredImage {
  /** Hex digest of the bundle. */
  readonly bundle: string;
  /** Absolute path. */
  readonly directory: string;
  readonly bundleBytes: number;
  /** Wall time in ms when it was last baked, or found to be there already. */
  readonly bakedAtMs: number;
  /** One for each service and container image made of it; none when that is not known. */
  readonly records: readonly ImageRecord[];
}

export interface GarbagePolicy {
  /** Digests of bundles and manifests, and references. */
  readonly inUse: ReadonlySet<string>;
  readonly keepPerService: number;
  /** Wall time in ms: what was baked later stays. */
  readonly oldestMs: number;
}

export interface GarbagePlan {
  readonly kept: readonly (StoredImage & { readonly why: string })[];
  readonly removed: readonly StoredImage[];
}

/** Decides for each image whether it stays, and why. */
export function planGarbage(images: readonly StoredImage[], policy: GarbagePolicy): GarbagePlan {
  const rank = rankOf(images);
  const kept: (StoredImage & { why: string })[] = [];
  const removed: StoredImage[] = [];
  for (const image of images) {
    const why = reasonToKeep(image, policy, rank);
    if (why === undefined) removed.push(image);
    else kept.push({ ...image, why });
  }
  return { kept, removed };
}

type Rank = (name: string, bundle: string) => number;

function reasonToKeep(
  image: StoredImage,
  { inUse, keepPerService, oldestMs }: GarbagePolicy,
  rank: Rank,
): string | undefined {
  const { bundle, records, bakedAtMs } = image;
  if (inUse.has(bundle)) return "in use";
  for (const { oci } of records)
    if (oci !== null && (inUse.has(oci.digest) || inUse.has(oci.reference))) return "in use";
  if (bakedAtMs > oldestMs) return "young";
  const best = records.find((record) => rank(record.package, bundle) < keepPerService);
  return best === undefined ? undefined : `one of the newest ${keepPerService} of ${best.package}`;
}

/** How many newer bundles a service has. */
function rankOf(images: readonly StoredImage[]): Rank {
  const newest = images.toSorted((a, b) => b.bakedAtMs - a.bakedAtMs || (a.bundle < b.bundle ? -1 : 1));
  const order = new Map<string, string[]>();
  for (const { bundle, records } of newest) {
    for (const name of new Set(records.map((record) => record.package))) {
      const list = order.get(name);
      if (list === undefined) order.set(name, [bundle]);
      else list.push(bundle);
    }
  }
  return (name, bundle) => order.get(name)?.indexOf(bundle) ?? 0;
}
