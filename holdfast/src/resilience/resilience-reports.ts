import { Agent, type IncomingMessage, request } from "node:http";
import { type Clock, messageOf, within } from "@holdfast/kernel";
import type { CallerReport, ResilienceReport, ResilienceView } from "@holdfast/wire";
import { resilienceReportSchema } from "@holdfast/wire/control";

/** An instance whose admin port is asked. */
export interface ReportTarget {
  readonly service: string;
  readonly instance: string;
  readonly zone: string;
  readonly address: string;
  readonly adminPort: number;
}

/** Instances answer from memory. */
const answerMaxMs = 1_000;
const answerBytesMax = 4 * 1024 * 1024;
const inParallel = 8;
/** Ten browsers cost as much as one. */
const viewKeptMs = 1_000;

/** The circuits and balancers of all instances side by side, asked when somebody looks. */
export class ResilienceReports {
  readonly #clock: Clock;
  readonly #targets: () => readonly ReportTarget[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1, timeout: 5_000 });
  #kept: { untilMs: number; readonly view: Promise<ResilienceView> } | undefined;

  constructor(clock: Clock, targets: () => readonly ReportTarget[]) {
    this.#clock = clock;
    this.#targets = targets;
  }

  /** Of all that answer within a second; the others are named, with the reason. */
  view(): Promise<ResilienceView> {
    if (this.#kept !== undefined && this.#kept.untilMs > this.#clock.monotonicMs()) return this.#kept.view;
    const view = this.#ask();
    // One that is being made counts for whoever comes meanwhile.
    const kept = { untilMs: Number.POSITIVE_INFINITY, view };
    this.#kept = kept;
    return view.finally(() => {
      kept.untilMs = this.#clock.monotonicMs() + viewKeptMs;
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(): Promise<ResilienceView> {
    const at = new Date(this.#clock.wallMs()).toISOString();
    const left = [...this.#targets()];
    const callers: CallerReport[] = [];
    const silent: { service: string; instance: string; why: string }[] = [];
    const worker = async (): Promise<void> => {
      for (let target = left.pop(); target !== undefined; target = left.pop()) {
        const { service, instance, zone } = target;
        try {
          callers.push({ service, instance, zone, ...(await this.#reportOf(target)) });
        } catch (error) {
          silent.push({ service, instance, why: messageOf(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: inParallel }, worker));
    const byName = (a: { service: string; instance: string }, b: { service: string; instance: string }): number =>
      a.service.localeCompare(b.service) || a.instance.localeCompare(b.instance);
    return { at, callers: callers.toSorted(byName), silent: silent.toSorted(byName) };
  }

  async #reportOf({ address, adminPort }: ReportTarget): Promise<ResilienceReport> {
    const gaveUp = new AbortController();
    try {
      const asking = this.#get(address, adminPort, gaveUp.signal);
      const parsed = resilienceReportSchema.safeParse(await within(this.#clock, answerMaxMs, "its admin port", asking));
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new Error(`its answer makes no sense: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
    } finally {
      gaveUp.abort();
    }
  }

  async #get(host: string, port: number, signal: AbortSignal): Promise<unknown> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request({ host, port, path: "/v1/resilience", agent: this.#agent, signal }, resolve);
      call.on("error", reject);
      call.end();
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length;
      if (bytes > answerBytesMax) throw new Error(`its answer is longer than ${answerBytesMax} bytes`);
      chunks.push(chunk as Buffer);
    }
    if (response.statusCode === 404) throw new Error("it knows no such path: it runs an older version");
    if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}`);
    return JSON.parse(Buffer.concat(chunks).toString());
  }
}
