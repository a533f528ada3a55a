import { Agent, request } from "node:http";
import type { InstanceRecord } from "@holdfast/wire";
import type { RegistryDoor } from "./registry-door.ts";

const everyMs = 500;
const answerMaxMs = 400;
const timerName = "ipc.server.call";

/**
 * Counts requests executed by the application's services, from their own metrics. An instance that is killed takes what
 * it did since the last look with it: at most half a second of its share.
 */
export class ExecutionCounter {
  readonly #door: RegistryDoor;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #counts = new Map<string, number>();
  #handle: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(door: RegistryDoor) {
    this.#door = door;
  }

  start(): void {
    const look = (): void => {
      this.#looking = this.#look().finally(() => {
        if (this.#handle !== undefined) this.#handle = setTimeout(look, everyMs);
      });
    };
    this.#handle = setTimeout(look, everyMs);
  }

  /** All executions known by now. */
  async total(): Promise<number> {
    await this.#looking;
    await this.#look();
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#handle);
    this.#handle = undefined;
    await this.#looking;
    this.#agent.destroy();
  }

  async #look(): Promise<void> {
    const records = await this.#door.applicationRecords().catch(() => []);
    await Promise.all(
      records.map(async (record) => {
        const count = await this.#countOf(record);
        if (count !== undefined) this.#counts.set(record.id, Math.max(count, this.#counts.get(record.id) ?? 0));
      }),
    );
  }

  #countOf(record: InstanceRecord): Promise<number | undefined> {
    const options = { host: record.address, port: record.adminPort, path: "/v1/metrics", agent: this.#agent };
    return new Promise((resolve) => {
      const call = request({ ...options, timeout: answerMaxMs }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", () => resolve(undefined));
        response.on("end", () => resolve(countOf(text)));
      });
      call.on("timeout", () => call.destroy());
      call.on("error", () => resolve(undefined));
      call.end();
    });
  }
}

/** Sum of all server-side calls in a `/v1/metrics` answer; `undefined` when it is none. */
export function countOf(text: string): number | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const meters = Array.isArray(body) ? body : (body as { meters: unknown[] }).meters;
    return (meters as { name: string; count?: number }[])
      .filter((meter) => meter.name === timerName)
      .reduce((sum, meter) => sum + (meter.count ?? 0), 0);
  } catch {
    return undefined;
  }
}
