/**
 * A process of its own: `node --expose-gc key-memory.ts <keys> <seconds>`. Calls each of so many commands each second of a
 * made-up time, by answers of very different length, so that all windows are filled; prints one JSON line: MB that the
 * commands keep, how many of the calls succeeded, and changes of a circuit.
 */
import { Resilience } from "@holdfast/resilience";
import { FakeClock } from "@holdfast/testing";

const [keys = 0, seconds = 0] = process.argv.slice(2).map(Number);
const collect = globalThis.gc;
if (collect === undefined) throw new Error("key-memory.ts needs --expose-gc");

function heapMb(): number {
  collect?.();
  collect?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1_048_576;
}

const clock = new FakeClock();
const waves = [0, 1, 3, 10, 30, 100];
let answers = Promise.resolve(1);
const before = heapMb();
const resilience = new Resilience(clock);
const commands = Array.from({ length: keys }, (_, i) =>
  resilience.command<[], number>({ key: `key-${i}`, group: `group-${i % 20}`, run: () => answers, fallback: () => 0 }),
);
let succeeded = 0;
for (let second = 0; second < seconds; second++) {
  for (const ms of waves) await wave(ms, second % 30 >= 15);
  await clock.advance(1_000 - waves.reduce((sum, ms) => sum + ms, 0));
}
const changes = resilience.explain("key-0")?.history.length;
process.stdout.write(`${JSON.stringify({ mb: heapMb() - before, succeeded, changes })}\n`);
// Used once more, so that nothing of them could have been collected.
await wave(0, false);
await resilience.close();

/** Two calls of each, answered together: for half of each 30 s by failure, so that circuits have histories. */
async function wave(ms: number, fails: boolean): Promise<void> {
  answers = clock.sleep(ms).then(() => {
    if (fails) throw new Error("as told");
    return 1;
  });
  // Open circuits leave it to nobody.
  answers.catch(() => {});
  const all = Promise.all(commands.flatMap((command) => [command.execute(), command.execute()]));
  await clock.advance(ms);
  for (const answer of await all) succeeded += answer;
}
