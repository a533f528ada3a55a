import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf, SeededRandom } from "@holdfast/kernel";
import type { BenchContext, BenchFile } from "./bench-context.ts";
import { takeAllDown } from "./bench-stack.ts";
import { type Figure, figure } from "./figure.ts";
import { mergeResults } from "./results.ts";

const usage = "usage: npm run bench -- [--short] [--seed N] [--only CASE] [room…]";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const root = join(import.meta.dirname, "../..");
const cases = join(import.meta.dirname, "cases");
const known = readdirSync(cases).map((file) => file.replace(/\.ts$/, ""));
const rooms = positionals.length === 0 ? known : positionals;
const unknown = rooms.filter((room) => !known.includes(room));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`${unknown.join(", ")}: no such room`);
  console.error(`${usage}\nrooms: ${known.join(", ")}`);
  process.exit(values.help ? 0 : 2);
}

const context: BenchContext = {
  root,
  short: values.short,
  random: new SeededRandom(Number(values.seed)),
  say: (line) => void process.stderr.write(`${line}\n`),
};
// Whoever ends us early, by ctrl-c or by no longer reading, must not be left with a stack.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void takeAllDown().then(() => process.exit(130)));
process.stdout.on("error", () => void takeAllDown().then(() => process.exit(1)));

const figures: Figure[] = [];
for (const room of rooms) {
  const file = (await import(join(cases, `${room}.ts`))) as BenchFile;
  for (const one of file.cases) {
    if (values.only !== undefined && values.only !== one.name) continue;
    context.say(`▸ ${room}: ${one.name}`);
    const busy = busyNote();
    try {
      for await (const measured of one.run(context)) {
        const note = [measured.note, busy].filter(Boolean).join("; ");
        const done = figure(room, { ...measured, note });
        figures.push(done);
        console.log(JSON.stringify(done));
      }
    } catch (error) {
      // A bench informs; what it could not measure is said, and the rest goes on.
      context.say(`✖ ${room}: ${one.name}: ${messageOf(error)}`);
    }
  }
}
if (!values.short) keep(figures);

/** Said with each figure when others were using the machine before we began. */
function busyNote(): string {
  const [lastMinute = 0] = loadavg();
  if (lastMinute <= cpus().length * 1.5) return "";
  const note = `the machine was busy: load ${lastMinute.toFixed(1)} on ${cpus().length} cores`;
  context.say(note);
  return note;
}

function keep(done: readonly Figure[]): void {
  const path = join(root, "bench/RESULTS.md");
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() || "unnamed cores"}, ${process.platform}, Node ${process.version}`;
  writeFileSync(path, mergeResults(before, done, machine, new Date().toISOString().slice(0, 10)));
}
