import { type Clock, type InstanceId, type Log, messageOf, PlatformError } from "@holdfast/kernel";
import {
  type Engine,
  type EngineListing,
  type EngineSignal,
  Headers,
  type HttpAnswer,
  type HttpQuestion,
  type InstanceObservation,
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
    for (const [index, answer] of answers.entries()) {
      if (answer.status === "rejected") {
        this.#log.debug("engine.agent.unreachable", { zone: links[index]?.zone, reason: messageOf(answer.reason) });
        unreachableZones.push(links[index]?.zone ?? "");
      } else {
        const listed = (answer.value as { instances: InstanceObservation[] }).instances;
        instances.push(...listed.map((observation) => this.#note(observation)));
      }
    }
    return { instances, unreachableZones };
  }

  watch(onChange: (observation: InstanceObservation) => void, signal: AbortSignal): void {
    for (const link of this.#links.values()) {
      void link.watch((observation) => onChange(this.#note(observation)), signal);
    }
  }

  async ask(questions: readonly HttpQuestion[]): Promise<readonly HttpAnswer[]> {
    const byZone = new Map<string, HttpQuestion[]>();
    for (const question of questions) {
      const zone = this.#zoneOf.get(question.id);
      if (zone === undefined) continue;
      const asked = byZone.get(zone) ?? [];
      byZone.set(zone, asked);
      asked.push(question);
    }
    const answers = await Promise.all(Array.from(byZone, ([zone, asked]) => this.#askIn(zone, asked)));
    return answers.flat();
  }

  async #askIn(zone: string, questions: readonly HttpQuestion[]): Promise<readonly HttpAnswer[]> {
    const link = this.#links.get(zone);
    if (link === undefined) return [];
    const timeoutMs = Math.max(...questions.map((question) => question.timeoutMs)) + this.#timeoutMs;
    try {
      const path = AgentPaths.questions;
      return ((await link.call({ method: "POST", path, body: { questions }, timeoutMs })) as { answers: HttpAnswer[] })
        .answers;
    } catch (error) {
      this.#log.debug("engine.agent.not-asked", { zone, reason: messageOf(error) });
      return [];
    }
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
