import type { Tags } from "../meters/tags.ts";

/** Atlas' limits (webapi reference.conf): a server refuses what goes beyond. */
const nameMax = 255;
const keyMax = 60;
const valueMax = 120;
const shortest = 2;
const userTagsMax = 20;

const notAllowed = /[^-._A-Za-z0-9^~]/g;
const netflixKeys = new Set(
  "account ami app asg cluster container country country.rollup job node process region shard1 shard2 stack subnet task vmtype vpc zone"
    .split(" ")
    .map((key) => `nf.${key}`),
);
const atlasKeys = new Set(["atlas.aggr", "atlas.dstype", "atlas.offset", "atlas.legacy"]);

/**
 * Name and tags as Atlas takes them: other characters become `_`, what is too long is cut off, a name or key of one
 * character gets a `_`. Left out: empty values, keys under `nf.` and `atlas.` that Atlas does not know, a tag `name`, and
 * what comes after the twentieth tag.
 */
export function atlasTags(name: string, tags: Tags): Record<string, string> {
  const fixed: Record<string, string> = { name: cut(name, nameMax) };
  let count = 0;
  for (const [tag, value] of Object.entries(tags)) {
    const key = cut(tag, keyMax);
    if (key === "name" || value === "" || isRefused(key) || count >= userTagsMax) continue;
    fixed[key] = value.replaceAll(notAllowed, "_").slice(0, valueMax);
    count += 1;
  }
  return fixed;
}

function cut(text: string, longest: number): string {
  return text.replaceAll(notAllowed, "_").slice(0, longest).padEnd(shortest, "_");
}

function isRefused(key: string): boolean {
  if (key.startsWith("nf.")) return !netflixKeys.has(key);
  return key.startsWith("atlas.") && !atlasKeys.has(key);
}
