import { isDeepStrictEqual } from "node:util";
import { SeededRandom } from "@holdfast/kernel";
import { generate } from "./generate.ts";
import type { Message, Reading } from "./message.ts";
import { NodeReader } from "./node-reader.ts";
import { OurReader } from "./our-reader.ts";

export interface Comparison {
  readonly cases: number;
  /** Messages that both took, in the same way. */
  accepted: number;
  /** Cases in which we refused what `node:http` takes. */
  stricter: number;
  /** Messages we took that `node:http` refuses, or reads otherwise; and such that we lost without a word. */
  readonly disagreements: { readonly seed: number; readonly what: string; readonly bytes: string }[];
}

/** Has both servers read `cases` connections, made by chance from `seed` on. */
export async function compare(cases: number, seed: number): Promise<Comparison> {
  const result: Comparison = { cases, accepted: 0, stricter: 0, disagreements: [] };
  const [ours, nodes] = [new OurReader(), new NodeReader()];
  for (let one = seed; one < seed + cases; one++) {
    const random = new SeededRandom(one);
    const bytes = generate(random);
    const [our, node] = [await ours.read(bytes, random), await nodes.read(bytes)];
    const what = difference(our, node);
    if (what !== undefined) result.disagreements.push({ seed: one, what, bytes: bytes.toString("latin1") });
    else if (our.messages.length < node.messages.length) result.stricter++;
    result.accepted += our.messages.length;
  }
  return result;
}

function difference(our: Reading, node: Reading): string | undefined {
  for (const [at, message] of our.messages.entries()) {
    // Behind a request to change protocols node:http reads no HTTP; we do when the change is declined.
    if (asksForUpgrade(our.messages[at - 1])) return undefined;
    const other = node.messages[at];
    if (other === undefined) return `message ${at + 1} is taken by us alone: ${JSON.stringify(message)}`;
    if (!isDeepStrictEqual(message, other))
      return `message ${at + 1}: ${JSON.stringify(message)} ≠ ${JSON.stringify(other)}`;
  }
  if (our.messages.length < node.messages.length && !our.refused)
    return `message ${our.messages.length + 1} is neither taken nor refused by us: ${JSON.stringify(node.messages[our.messages.length])}`;
  return undefined;
}

function asksForUpgrade(message: Message | undefined): boolean {
  const has = (name: string, wanted: RegExp): boolean =>
    message?.fields.some(([one, value]) => one === name && wanted.test(value)) ?? false;
  return has("connection", /upgrade/i) && has("upgrade", /./);
}
