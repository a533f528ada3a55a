import { sleep } from "../bench-context.ts";
import { fallbackAnswer, type MakeSubject, type Subject, volume } from "./subjects.ts";

const workAnswer = 1;
const timeoutMs = 50;
const places = 5;
const sleepMs = 3_600_000;

/**
 * Shows that a subject does what it is measured for: its timeout ends a call, its bulkhead refuses, failures open its
 * circuit, its fallback answers for each of these, and its statistics count, where they can be read.
 *
 * @throws Error naming what it did not do: then it is not comparable.
 */
export async function prove(name: string, make: MakeSubject): Promise<void> {
  const claims: Readonly<Record<string, (make: MakeSubject) => Promise<boolean>>> = {
    "does not end a call that takes too long": endsSilence,
    "does not refuse calls above its bulkhead": refusesTooMany,
    "does not open its circuit after failures": opens,
    "does not count what succeeded": counts,
  };
  for (const [complaint, holds] of Object.entries(claims)) {
    if (!(await holds(make))) throw new Error(`${name} ${complaint}`);
  }
}

async function endsSilence(make: MakeSubject): Promise<boolean> {
  const subject = make({ work: () => new Promise(() => {}), places, timeoutMs, sleepMs });
  const silent = Symbol("silent");
  const late = sleep(timeoutMs * 20).then(() => silent);
  return (await Promise.race([subject.call(), late])) === fallbackAnswer;
}

async function refusesTooMany(make: MakeSubject): Promise<boolean> {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const work = (): Promise<number> => ended.then(() => workAnswer);
  const subject = make({ work, places, timeoutMs: 10_000, sleepMs });
  const within = Array.from({ length: places }, () => subject.call());
  const above = await subject.call();
  end();
  const answers = await Promise.all(within);
  return above === fallbackAnswer && answers.every((answer) => answer === workAnswer);
}

async function opens(make: MakeSubject): Promise<boolean> {
  let worked = 0;
  const work = async (): Promise<number> => {
    worked += 1;
    throw new Error("as told");
  };
  const subject = make({ work, places, timeoutMs: 1_000, sleepMs });
  await open(subject);
  const before = worked;
  const answers = [await subject.call(), await subject.call()];
  return worked === before && answers.every((answer) => answer === fallbackAnswer);
}

/** Fails until the circuit must be open: `work` must throw. Some judge their window twice a second only. */
export async function open(subject: Subject): Promise<void> {
  for (let i = 0; i < volume; i++) await subject.call();
  await sleep(600);
  for (let i = 0; i < volume; i++) await subject.call();
}

async function counts(make: MakeSubject): Promise<boolean> {
  const subject = make({ work: async () => workAnswer, places, timeoutMs, sleepMs });
  for (let i = 0; i < volume; i++) await subject.call();
  return subject.succeeded === undefined || subject.succeeded() === volume;
}
