import { type Mutation, plant } from "./mutation.ts";
import type { RunResult } from "./run.ts";

/** What a child process is asked: the bug, and where to look for it. */
interface Hunt {
  readonly mutation: Mutation;
  readonly seeds: readonly number[];
}

interface Found {
  /** The drill or the seed. */
  readonly where: string;
  readonly check: string;
  readonly message: string;
}

/** Plays the drills and runs the seeds with a bug planted, until something finds it. */
async function hunt({ mutation, seeds }: Hunt): Promise<Found | null> {
  const verify = plant(mutation);
  const { playDrill, randomRun, shortRun } = await import("./run.ts");
  const { drills } = await import("./drills/all.ts");
  verify();
  for (const [name, drill] of Object.entries(drills)) {
    const found = await look(name, () => playDrill(drill));
    if (found !== undefined) return found;
  }
  for (const seed of seeds) {
    const found = await look(`seed ${seed}`, () => randomRun(seed, shortRun));
    if (found !== undefined) return found;
  }
  return null;
}

/** What is thrown is found, too. */
async function look(where: string, run: () => Promise<RunResult>): Promise<Found | undefined> {
  try {
    const [first] = (await run()).violations;
    return first === undefined ? undefined : { where, check: first.check, message: first.message };
  } catch (error) {
    return { where, check: "nothing is thrown", message: String(error) };
  }
}

const asked = JSON.parse(process.argv[2] ?? "") as Hunt;
process.stdout.write(`${JSON.stringify(await hunt(asked))}\n`);
