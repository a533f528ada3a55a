export interface ShardsResult {
  /** Number of the shard → its value; `null` when there are none. */
  readonly shards: Readonly<Record<string, string>> | null;
  /** What follows the shards. */
  readonly unprocessed: string;
  readonly warnings: readonly string[];
}

// Nine digits at most, so that a number is one: longer ones are no shard.
const shard = /-?x([1-9][0-9]{0,8})([a-zA-Z][a-zA-Z0-9]*)/y;
const shardInside = /-x([1-9][0-9]{0,8})([a-zA-Z][a-zA-Z0-9]*)/;

/**
 * Reads the shards a detail begins with: `x1foo-x2bar-rest` is in shard 1 of value `foo` and in shard 2 of value `bar`.
 * A number that is there twice has its last value; that, and a shard behind other text, which counts as text, is warned of.
 */
export function parseShards(detail: string | null | undefined): ShardsResult {
  const text = detail ?? "";
  const shards: Record<string, string> = {};
  const warnings: string[] = [];
  let at = 0;
  for (;;) {
    shard.lastIndex = at;
    const [whole, id = "", value = ""] = shard.exec(text) ?? [];
    if (whole === undefined) break;
    const previous = shards[id];
    if (previous !== undefined) {
      warnings.push(`duplicate shardId ${id}, shard value ${previous} will be ignored in favor of ${value}`);
    }
    shards[id] = value;
    at += whole.length;
  }
  const unprocessed = text.slice(at);
  const [, id, value] = shardInside.exec(unprocessed) ?? [];
  if (id !== undefined) {
    warnings.push(
      `detected additional shard configuration in remaining detail string ${unprocessed}. shard ${id}, value ${value}`,
    );
  }
  return { shards: Object.keys(shards).length === 0 ? null : shards, unprocessed, warnings };
}
