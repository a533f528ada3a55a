import { join } from "node:path";
import type { BenchContext } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { runProgram } from "../peers.ts";

const files = [
  "wire/test/eureka/fuzz.test.ts",
  "services/registry/test/compat/door-fuzz.test.ts",
  "services/registry/test/validate.test.ts",
];
const casesMax = 100_000;

/** The fuzz tests of the decoders and doors, with as many cases as the issue states; `npm test` runs 2,000. */
export async function* fuzz(context: BenchContext): AsyncGenerator<Measured> {
  const cases = context.short ? 2_000 : casesMax;
  for (const file of files) {
    context.say(`${file}: ${cases} cases`);
    const args = ["--test", "--test-isolation=none", "--test-reporter=tap", join(context.root, file)];
    const env = { HOLDFAST_FUZZ_CASES: String(cases) };
    const printed = await runProgram(process.execPath, args, { timeoutMs: 900_000, env }).catch(
      (error: unknown) => `# fail 1\n${String(error)}`,
    );
    const failed = Number(/^# fail (\d+)/m.exec(printed)?.[1] ?? Number.NaN);
    yield {
      case: `fuzz, ${cases} cases a property: ${file}`,
      ours: failed,
      unit: "failed tests",
      goal: { most: 0 },
      note: `${/^# pass (\d+)/m.exec(printed)?.[1] ?? "?"} passed`,
    };
  }
}
