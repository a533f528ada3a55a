import { compare } from "./differential/compare.ts";

/** Run by the bench: `fuzz-program.ts CASES SEED` prints what came of it as one line of JSON. */
const [cases = "10000", seed = "1"] = process.argv.slice(2);
const { disagreements, ...counts } = await compare(Number(cases), Number(seed));
for (const { seed: one, what, bytes } of disagreements.slice(0, 5))
  console.error(`seed ${one}: ${what}\n${JSON.stringify(bytes)}`);
console.log(JSON.stringify({ ...counts, disagreements: disagreements.length }));
