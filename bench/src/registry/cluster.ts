import { SystemClock } from "@holdfast/kernel";
import { LinkProxy, waitFor } from "@holdfast/testing";
import type { RegistryEventsAnswer, RegistrySummary } from "@holdfast/wire";
import type { BenchContext } from "../bench-context.ts";
import { registryProgram } from "./programs.ts";
import { freePorts, ServerProcess } from "./server-process.ts";

export const clock = new SystemClock();
const names = ["a", "b", "c"] as const;
export type Name = (typeof names)[number];

/** Three registries in processes of their own, with a link between each two that can be cut. Gone with its scope. */
export class RegistryCluster {
  readonly #servers = new Map<Name, ServerProcess>();
  readonly #links = new Map<string, LinkProxy>();

  static async start(context: BenchContext, more: Readonly<Record<string, unknown>> = {}): Promise<RegistryCluster> {
    const cluster = new RegistryCluster();
    const ports = await freePorts(3);
    for (const from of names) {
      for (const to of names.filter((name) => name !== from)) {
        const target = { address: "127.0.0.1", port: ports[names.indexOf(to)] ?? 0 };
        cluster.#links.set(`${from}${to}`, await LinkProxy.start(clock, target));
      }
    }
    await Promise.all(names.map((name, i) => cluster.#run(context, name, ports[i] ?? 0, more)));
    await waitFor("all links", async () => (await cluster.peersUp()) === 6);
    return cluster;
  }

  url(name: Name): string {
    return this.server(name).url;
  }

  server(name: Name): ServerProcess {
    const server = this.#servers.get(name);
    if (server === undefined) throw new RangeError(`registry ${name} does not run`);
    return server;
  }

  /** Base URLs, `first` first. */
  urls(first: Name = "a"): string[] {
    return [first, ...names.filter((name) => name !== first)].map((name) => this.url(name));
  }

  cut(name: Name): void {
    for (const [key, link] of this.#links) if (key.includes(name)) link.set({ kind: "cut" });
  }

  heal(): void {
    for (const link of this.#links.values()) link.set({ kind: "pass" });
  }

  async summary(name: Name): Promise<RegistrySummary> {
    return (await getJson(`${this.url(name)}/v1/registry/summary`)) as RegistrySummary;
  }

  async peersUp(): Promise<number> {
    const all = await Promise.all(names.map((name) => this.summary(name)));
    return all.flatMap((one) => one.peers).filter((peer) => peer.state === "up").length;
  }

  /** `app/id status` of all that a registry shows, sorted. */
  async view(name: Name): Promise<string> {
    const records = (await getJson(`${this.url(name)}/v1/registry/instances`)) as {
      app: string;
      id: string;
      status: string;
    }[];
    return records
      .map((one) => `${one.app}/${one.id} ${one.status}`)
      .sort()
      .join("\n");
  }

  async agree(): Promise<boolean> {
    const views = await Promise.all(names.map((name) => this.view(name)));
    return new Set(views).size === 1;
  }

  /** How many instances a registry has evicted or removed, by its own log. */
  async countEvents(kind: string): Promise<number> {
    const answers = await Promise.all(
      names.map(
        async (name) => (await getJson(`${this.url(name)}/v1/registry/events?limit=1000`)) as RegistryEventsAnswer,
      ),
    );
    return answers.flatMap((answer) => answer.events).filter((event) => event.kind === kind).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) await server[Symbol.asyncDispose]();
    for (const link of this.#links.values()) await link[Symbol.asyncDispose]();
  }

  async #run(context: BenchContext, name: Name, port: number, more: Readonly<Record<string, unknown>>): Promise<void> {
    const peers = names
      .filter((other) => other !== name)
      .map((other) => `http://127.0.0.1:${this.#links.get(`${name}${other}`)?.port}`);
    const settings = { HOLDFAST_SETTINGS: JSON.stringify({ name, zone: name, peers, ...more }) };
    const program = [registryProgram(context.root)];
    this.#servers.set(name, await ServerProcess.start(program, port, settings, "/v1/registry/summary"));
  }
}

export async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  return response.json();
}
