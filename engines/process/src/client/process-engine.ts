import { type Clock, type InstanceId, type Log, messageOf, PlatformError } from "@holdfast/kernel";
import {
  type Engine,
  type EngineListing,
  type EngineSignal,
  Headers,
  type HttpAnswer,
  type HttpQuestion,
  type InstanceObservation,
  type InstanceUse,
  type LaunchSpec,
} from "@holdfast/wire";
import { AgentPaths } from "../agent/agent-paths.ts";
import { AgentLink } from "./agent-link.ts";

export interface ProcessEngineOptions {
  /** Zone name → path of its agent's socket. */
  readonly sockets: Readonly<Record<string, string>>;
  /** Fencing epoch of this controller: an agent that has heard a higher one refuses it. */
  readonly epoch: number;
  /** An agent that does not answer a question so long is unreachable, in ms. Default 2 000. */
  readonly timeoutMs?: number;
}

/** Starting a process on a busy machine may take an agent so long, in ms. */
const launchTimeoutMs = 10_000;

/** The engine that runs instances as processes of this machine, through one agent a zone. */
export class ProcessEngine implements Engine {
  readonly #log: Log;
  readonly #links: ReadonlyMap<string, AgentLink>;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  /** Where instances were last seen, so that an order goes to one agent only. */
  readonly #zoneOf = new Map<InstanceId, string>();

  constructor(clock: Clock, log: Log, options: ProcessEngineOptions) {
    this.#log = log;
    this.#headers = { [Headers.epoch]: String(options.epoch) };
    this.#timeoutMs = options.timeoutMs ?? 2_000;
    const sockets = Object.entries(options.sockets);
    this.#links = new Map(sockets.map(([zone, path]) => [zone, new AgentLink(clock, zone, path)]));
  }

  async launch(spec: LaunchSpec): Promise<InstanceObservation> {
    const link = this.#links.get(spec.zone.name);
    if (link === undefined) {
      const next = `use one of ${[...this.#links.keys()].join(", ")}`;
      throw new PlatformError("ZONE_UNKNOWN", `zone ${spec.zone.name}: has no agent`, { status: 404, next });
    }
    // Noted before the answer: one that is lost may still have started it.
    if (!this.#zoneOf.has(spec.id)) this.#zoneOf.set(spec.id, spec.zone.name);
    const path = AgentPaths.instances;
    const call = { method: "POST", path, headers: this.#headers, body: spec, timeoutMs: launchTimeoutMs } as const;
    return this.#note((await link.call(call)) as InstanceObservation);
  }

  async terminate(id: InstanceId, cause: string): Promise<void> {
    const path = `${AgentPaths.instance(id)}?cause=${encodeURIComponent(cause)}`;
    const headers = this.#headers;
    await this.#order(id, (link) => link.call({ method: "DELETE", path, headers, timeoutMs: this.#timeoutMs }));
  }

  async signal(id: InstanceId, signal: EngineSignal, cause: string): Promise<void> {
    const path = AgentPaths.signal(id);
    const headers = this.#headers;
    const body = { signal, cause };
    await this.#order(id, (link) => link.call({ method: "POST", path, headers, body, timeoutMs: this.#timeoutMs }));
  }

  async list(): Promise<EngineListing> {
    const links = [...this.#links.values()];
    const call = { method: "GET", path: AgentPaths.instances, timeoutMs: this.#timeoutMs } as const;
    const answers = await Promise.allSettled(links.map((link) => link.call(call)));
    const instances: InstanceObservation[] = [];
    const unreachableZones: string[] = [];
    const zonesWithoutAgent: string[] = [];
    for (const [index, answer] of answers.entries()) {
      if (answer.status === "rejected") {
        this.#log.debug("engine.agent.unreachable", { zone: links[index]?.zone, reason: messageOf(answer.reason) });
        unreachableZones.push(links[index]?.zone ?? "");
        if (isNobodyThere(answer.reason)) zonesWithoutAgent.push(links[index]?.zone ?? "");
      } else {
        const listed = (answer.value as { instances: InstanceObservation[] }).instances;
        instances.push(...listed.map((observation) => this.#note(observation)));
      }
    }
    return { instances, unreachableZones, zonesWithoutAgent };
  }

  watch(
    onChange: (observation: InstanceObservation) => void,
    signal: AbortSignal,
    onBreak: (zone: string) => void = () => {},
  ): void {
    for (const link of this.#links.values()) {
      const broken = (): void => onBreak(link.zone);
      void link.watch((observation) => onChange(this.#note(observation)), signal, broken);
    }
  }

  async ask(questions: readonly HttpQuestion[]): Promise<readonly HttpAnswer[]> {
    return this.#inZones(questions, async (link, asked) => {
      const timeoutMs = Math.max(...asked.map((question) => question.timeoutMs)) + this.#timeoutMs;
      const call = { method: "POST", path: AgentPaths.questions, body: { questions: asked }, timeoutMs } as const;
      return ((await link.call(call)) as { answers: HttpAnswer[] }).answers;
    });
  }

  async usage(ids: readonly InstanceId[]): Promise<readonly InstanceUse[]> {
    const all = ids.map((id) => ({ id }));
    return this.#inZones(all, async (link, asked) => {
      const body = { instances: asked.map(({ id }) => id) };
      const call = { method: "POST", path: AgentPaths.usage, body, timeoutMs: this.#timeoutMs } as const;
      return ((await link.call(call)) as { uses: InstanceUse[] }).uses;
    });
  }

  /** Asks each zone for what is its own. Zones that do not answer say nothing. */
  async #inZones<Q extends { readonly id: InstanceId }, A>(
    all: readonly Q[],
    ask: (link: AgentLink, asked: readonly Q[]) => Promise<readonly A[]>,
  ): Promise<readonly A[]> {
    const byZone = Map.groupBy(all, ({ id }) => this.#zoneOf.get(id) ?? "");
    const answers = Array.from(byZone, async ([zone, asked]): Promise<readonly A[]> => {
      const link = this.#links.get(zone);
      try {
        return link === undefined ? [] : await ask(link, asked);
      } catch (error) {
        this.#log.debug("engine.agent.not-asked", { zone, reason: messageOf(error) });
        return [];
      }
    });
    return (await Promise.all(answers)).flat();
  }

  /** Closes kept-alive connections. Watches end with their own signal. */
  close(): void {
    for (const link of this.#links.values()) link.close();
  }

  #note(observation: InstanceObservation): InstanceObservation {
    if (observation.state === "stopped") this.#zoneOf.delete(observation.spec.id);
    else this.#zoneOf.set(observation.spec.id, observation.spec.zone.name);
    return observation;
  }

  /** To the agent that has it, or to all when that is not known: unknown ids are fine. */
  async #order(id: InstanceId, call: (link: AgentLink) => Promise<unknown>): Promise<void> {
    const known = this.#links.get(this.#zoneOf.get(id) ?? "");
    const links = known === undefined ? [...this.#links.values()] : [known];
    await Promise.all(links.map(call));
  }
}

/** A socket that nobody listens at, or that is not there: the agent's process has ended. */
function isNobodyThere(error: unknown): boolean {
  const code = error instanceof PlatformError ? error.details?.["code"] : undefined;
  return code === "ECONNREFUSED" || code === "ENOENT";
}
