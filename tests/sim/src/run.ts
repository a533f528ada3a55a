import { SeededRandom } from "@holdfast/kernel";
import { Calm } from "./calm.ts";
import { agreement } from "./checks/agreement.ts";
import { bounded } from "./checks/bounded.ts";
import { connected } from "./checks/connected.ts";
import { evictions } from "./checks/evictions.ts";
import { explaining } from "./checks/explaining.ts";
import { homeless } from "./checks/homeless.ts";
import { listeners } from "./checks/listeners.ts";
import { lookingBack } from "./checks/looking-back.ts";
import { renewedHere } from "./checks/renewed-here.ts";
import { resurrection } from "./checks/resurrection.ts";
import { steadiness } from "./checks/steadiness.ts";
import { Hearing } from "./hearing.ts";
import { type Accuse, type Check, Judge, type Violation } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import { Life, type Population } from "./life.ts";
import { Operator } from "./operator.ts";
import { OverrideWords } from "./override-words.ts";
import type { Scene } from "./scene.ts";
import { Sightings } from "./sightings.ts";
import { Stage } from "./stage.ts";
import { Trouble } from "./trouble.ts";
import { peerNames, World } from "./world.ts";

/** How much happens in a run; virtual time. */
export interface RunSize {
  readonly population: Population;
  /** Spells of trouble, each followed by quiet. */
  readonly spells: number;
  readonly troubleMs: number;
  readonly quietMs: number;
}

/** What `npm test` runs: two spells of trouble, four virtual minutes. */
export const shortRun: RunSize = {
  population: { instances: 30, apps: 5, eureka: 0.3, listeners: 4 },
  spells: 2,
  troubleMs: 70_000,
  quietMs: 45_000,
};

/** What `npm run test:full` runs, for each of many seeds: eight virtual minutes. */
export const longRun: RunSize = {
  population: { instances: 36, apps: 6, eureka: 0.3, listeners: 5 },
  spells: 3,
  troubleMs: 90_000,
  quietMs: 60_000,
};

/** Six virtual hours: removals and overrides are forgotten, histories are full. */
export const soakRun: RunSize = { ...longRun, spells: 144 };

export interface RunResult {
  readonly violations: readonly Violation[];
  /** The same for the same seed and size. */
  readonly digest: string;
  readonly events: number;
  /** For people, of a run that found something. */
  readonly story: string;
}

const lookEveryMs = 500;
/** In calm of so long every registry has heard what the others know. */
const spreadMs = 5_000;

/** Everything that must always hold. */
const checks: Readonly<Record<string, (scene: Scene, accuse: Accuse) => Omit<Check, "name">>> = {
  agreement,
  listeners,
  "renewed here": renewedHere,
  homeless,
  connected,
  resurrection,
  evictions,
  bounded,
  "looking back": lookingBack,
  explaining,
  steadiness,
};

/** Makes a scene with every check looking at it. */
export function makeScene(seed: number): { scene: Scene; judge: Judge } {
  const random = new SeededRandom(seed).child("skews");
  // Wall clocks of registries are up to an hour off, in both directions.
  const skewsMs = [0, 0, 0].map(() => Math.round((random.next() - 0.5) * 7_200_000));
  const world = new World(seed, skewsMs);
  const ledger = new Ledger(world.nowMs);
  const calm = new Calm(world.nowMs);
  const sightings = new Sightings((subject, text) => world.trace.add(subject, text));
  const hearing = new Hearing(world);
  const overrides = new OverrideWords();
  const scene: Scene = { world, ledger, calm, sightings, hearing, overrides, deadZone: undefined };
  world.onlookers.push(ledger, sightings, { onLife: (node) => scene.overrides.forget(node.name) });
  const judge = new Judge(world);
  judge.add(() => ({ look: () => calm.forMs >= spreadMs && scene.overrides.spread(peerNames) }), "memory");
  judge.add(() => hearing, "hearing");
  for (const [name, check] of Object.entries(checks)) judge.add((accuse) => check(scene, accuse), name);
  return { scene, judge };
}

/** Plays one drill. */
export async function playDrill(drill: (stage: Stage) => Promise<void>, seed = 1): Promise<RunResult> {
  const { scene, judge } = makeScene(seed);
  const { world } = scene;
  const operator = new Operator(scene, new SeededRandom(seed));
  await world.begin();
  await drill(new Stage(scene, judge, operator));
  return endOf(world, judge);
}

/** Runs, half a second at a time, until the time is over or something was found. */
export async function runFor(world: World, judge: Judge, ms: number, step: () => void = () => {}): Promise<boolean> {
  for (let leftMs = ms; leftMs > 0; leftMs -= lookEveryMs) {
    step();
    await world.run(Math.min(leftMs, lookEveryMs));
    judge.look();
    if (judge.violations.length > 0) return false;
  }
  return true;
}

/** One random life of the whole, from a seed. */
export async function randomRun(seed: number, size: RunSize): Promise<RunResult> {
  const { scene, judge } = makeScene(seed);
  const { world } = scene;
  const random = new SeededRandom(seed);
  const life = new Life(scene, random.child("life"), new Operator(scene, random.child("operator")));
  const trouble = new Trouble(scene, random.child("trouble"));
  const dice = random.child("pace");
  await world.begin();
  life.populate(size.population);
  let isGood = await runFor(world, judge, 20_000);
  for (let spell = 0; spell < size.spells && isGood; spell++) {
    isGood = await runFor(world, judge, size.troubleMs, () => {
      if (dice.next() < 0.12) trouble.step();
      if (dice.next() < 0.25) life.step();
    });
    trouble.end();
    isGood &&= await runFor(world, judge, size.quietMs, () => {
      if (dice.next() < 0.2) life.step();
    });
  }
  // The last word is that of peace.
  isGood &&= await runFor(world, judge, 40_000);
  return endOf(world, judge);
}

function endOf(world: World, judge: Judge): RunResult {
  const { digest } = world.trace;
  world.end();
  return { violations: judge.violations, digest, events: world.queue.done, story: storyOf(world, judge.violations) };
}

function storyOf(world: World, violations: readonly Violation[]): string {
  const [first] = violations;
  if (first === undefined) return "";
  const lines = world.trace.latest(...first.subjects, "world");
  return [`${first.check}: ${first.message} (at ${(first.atMs / 1_000).toFixed(3)} s)`, ...lines].join("\n");
}
