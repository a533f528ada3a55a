import { isIP } from "node:net";
import type { Clock, Random } from "@holdfast/kernel";
import { DnsQuestion, type DnsTiming } from "./dns-question.ts";
import type { DnsAddress, DnsResolver } from "./dns-resolver.ts";

/** Which addresses are asked for. */
export type DnsFamilies = "both" | "4" | "6";

/** What all questions of one list have in common. */
export interface DnsAsking {
  readonly clock: Clock;
  readonly random: Random;
  readonly timing: DnsTiming;
  readonly families: DnsFamilies;
  /** Called once for each question: to cancel one ends no other. */
  readonly resolver: () => DnsResolver;
}

/** The addresses of one name, of both families; several apps may listen. An IP address is its own, and nothing is asked. */
export class DnsName {
  readonly name: string;
  readonly listeners = new Set<() => void>();
  readonly #fixed: readonly string[];
  readonly #questions: readonly DnsQuestion<string>[];

  constructor(name: string, asking: DnsAsking) {
    this.name = name;
    this.#fixed = isIP(name) === 0 ? [] : [name];
    const families =
      this.#fixed.length > 0 ? [] : asking.families === "both" ? (["4", "6"] as const) : [asking.families];
    this.#questions = families.map((family) => this.#question(family, asking));
  }

  /** Of the last answers; one family's may be older than the other's. */
  addresses(): string[] {
    return [...this.#fixed, ...this.#questions.flatMap(({ records }) => records)];
  }

  /** Something is known: addresses, or that nobody could say them at the first lookup. */
  get settled(): boolean {
    return this.addresses().length > 0 || this.#questions.every(({ ended }) => ended > 0);
  }

  /** Why the last lookups failed. */
  problems(): string[] {
    return this.#questions.flatMap(({ problem }) => problem ?? []);
  }

  /** Monotonic: when it is asked about next; `undefined` while it is, and for an address. */
  nextAtMs(): number | undefined {
    const times = this.#questions.flatMap(({ nextAtMs }) => nextAtMs ?? []);
    return times.length < this.#questions.length || times.length === 0 ? undefined : Math.min(...times);
  }

  start(): void {
    for (const question of this.#questions) question.start();
  }

  close(): void {
    this.listeners.clear();
    for (const question of this.#questions) question.close();
  }

  #question(family: "4" | "6", asking: DnsAsking): DnsQuestion<string> {
    const { clock, random, timing } = asking;
    const { name } = this;
    const resolver = asking.resolver();
    const ask = async (): Promise<{ records: string[]; ttlMs: number | undefined }> =>
      answerOf(
        family,
        await (family === "4" ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true })),
      );
    const onEnd = (): void => {
      for (const listener of this.listeners) listener();
    };
    const what = `${name} ${family === "4" ? "A" : "AAAA"}`;
    return new DnsQuestion(clock, random, timing, what, ask, () => resolver.cancel?.(), onEnd);
  }
}

/** What is no address is left out. The answer is as old as its most short-lived record. */
function answerOf(family: "4" | "6", found: readonly DnsAddress[]): { records: string[]; ttlMs: number | undefined } {
  const fit = found.filter(({ address }) => isIP(address) === Number(family));
  const ttls = fit.flatMap(({ ttl }) => (Number.isFinite(ttl) ? [ttl * 1_000] : []));
  return { records: fit.map(({ address }) => address), ttlMs: ttls.length === 0 ? undefined : Math.min(...ttls) };
}
