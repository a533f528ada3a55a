import { Config } from "@holdfast/config";
import { type BenchCase, type BenchContext, size } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { nsPerCall, rounds } from "../ns-per-call.ts";

async function* get(context: BenchContext): AsyncGenerator<Measured> {
  const config = new Config();
  const properties = Array.from({ length: 100 }, (_, i) => config.property(`key.${i}`, i));
  for (let i = 0; i < 100; i += 2) config.set("remote", `key.${i}`, i + 1);
  const read = (count: number): number => {
    let sum = 0;
    for (let done = 0; done < count; done += properties.length)
      for (const property of properties) sum += property.get();
    return sum;
  };
  const count = size(context, 2_000_000, 20_000_000);
  const sum = read(count);
  const ours = nsPerCall(count, read);
  if (sum === 0) throw new Error("nothing was read");
  yield {
    case: "Property.get()",
    ours,
    unit: "ns",
    goal: { most: 5 },
    note: `rotating over 100 properties, half of them set; the loop included; ${rounds} runs of ${count}, median`,
  };
}

async function* change(context: BenchContext): AsyncGenerator<Measured> {
  const config = new Config();
  const many = 10_000;
  let heard = 0;
  for (let i = 0; i < many; i++) config.property(`key.${i}`, 0);
  for (let i = 0; i < 500; i++) config.property("key.7", 0).subscribe(() => (heard += 1));
  let value = 0;
  const count = size(context, 200, 2_000);
  const ours = nsPerCall(count, () => {
    for (let i = 0; i < count; i++) config.set("remote", "key.7", ++value);
  });
  if (heard !== value * 500) throw new Error(`${heard} of ${value * 500} were heard`);
  yield {
    case: "a change heard by 500 listeners, of 10,000 properties",
    ours: ours / 1_000,
    unit: "µs",
    note: `one key of ${many}; ${rounds} runs of ${count} changes, median`,
  };
}

export const cases: readonly BenchCase[] = [
  { name: "get", run: get },
  { name: "change", run: change },
];
