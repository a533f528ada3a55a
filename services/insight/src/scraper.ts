import { Agent, request } from "node:http";
import { type Clock, type Log, messageOf, type Random } from "@holdfast/kernel";
import type { MeterSnapshot } from "@holdfast/metrics";

/** Takes what instances show. */
export interface ScrapeSink {
  add(service: string, instance: string, snapshots: readonly MeterSnapshot[], nowMs: number, startedAtMs: number): void;
  forgetOld(nowMs: number): void;
}

export interface ScrapeTarget {
  readonly service: string;
  readonly instance: string;
  readonly address: string;
  readonly adminPort: number;
  /** Wall ms of the process start. */
  readonly startedAtMs: number;
}

const everyMs = 10_000;
const callMaxMs = 1_000;
const bytesMax = 4 * 1024 * 1024;
const parallelMax = 4;

/** Reads `/v1/metrics` of every target each ten seconds and feeds a {@link ScrapeSink}. One that does not answer is passed over. */
export class Scraper {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #aggregates: ScrapeSink;
  readonly #targets: () => readonly ScrapeTarget[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 30_000 });

  readonly #underWay = new Map<string, Promise<void>>();

  constructor(clock: Clock, random: Random, log: Log, aggregates: ScrapeSink, targets: () => readonly ScrapeTarget[]) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#aggregates = aggregates;
    this.#targets = targets;
  }

  /** Scrapes until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.scrapeOnce();
      const pauseMs = everyMs * (0.9 + 0.2 * this.#random.next());
      await this.#clock.sleep(pauseMs, signal).catch(() => {});
    }
    this.#agent.destroy();
  }

  /** One round over all targets, or over these instances, four at a time. Never rejects. */
  async scrapeOnce(only?: ReadonlySet<string>): Promise<void> {
    const targets = this.#targets().filter(({ instance }) => only === undefined || only.has(instance));
    this.#aggregates.forgetOld(this.#clock.wallMs());
    const workers = Array.from({ length: parallelMax }, async () => {
      for (let target = targets.pop(); target !== undefined; target = targets.pop()) await this.#scrape(target);
    });
    await Promise.all(workers);
  }

  /** Never twice at once: an older answer that came in after a newer one would look like a restart. */
  #scrape(target: ScrapeTarget): Promise<void> {
    const under = this.#underWay.get(target.instance);
    if (under !== undefined) return under;
    const scrape = this.#ask(target).finally(() => this.#underWay.delete(target.instance));
    this.#underWay.set(target.instance, scrape);
    return scrape;
  }

  async #ask(target: ScrapeTarget): Promise<void> {
    try {
      const body: unknown = JSON.parse(await this.#get(target));
      if (Array.isArray(body)) {
        const snapshots = body.filter(isSnapshot);
        this.#aggregates.add(target.service, target.instance, snapshots, this.#clock.wallMs(), target.startedAtMs);
      }
    } catch (error) {
      this.#log.debug("insight.scrape.missed", { instance: target.instance, reason: messageOf(error) });
    }
  }

  #get(target: ScrapeTarget): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host: target.address, port: target.adminPort, path: "/v1/metrics", agent: this.#agent };
      const call = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > bytesMax) call.destroy(new Error("its metrics are too long"));
        });
        response.on("error", reject);
        response.on("end", () => {
          timer.cancel();
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`answered ${response.statusCode}`));
        });
      });
      const timer = this.#clock.after(callMaxMs, () => call.destroy(new Error(`no answer within ${callMaxMs} ms`)));
      call.on("error", (error) => {
        timer.cancel();
        reject(error);
      });
      call.end();
    });
  }
}

function isSnapshot(value: unknown): value is MeterSnapshot {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("tags" in value)) return false;
  return (
    (value.kind !== "timer" && value.kind !== "percentile-timer") ||
    ("buckets" in value && Array.isArray(value.buckets) && "count" in value)
  );
}
