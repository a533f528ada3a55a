import { Discovery } from "@holdfast/discovery";
import { type Random, SeededRandom, silentLog } from "@holdfast/kernel";
import type { InstanceStatus } from "@holdfast/wire";
import { EventQueue } from "./event-queue.ts";
import { Machine, type Process } from "./machine.ts";
import { type Identity, Owner } from "./owner.ts";
import { type RegistryLife, RegistryNode } from "./registry-node.ts";
import { SimNetwork } from "./sim-network.ts";
import { type Handled, SimTransport } from "./sim-transport.ts";
import { Trace } from "./trace.ts";

export const peerNames = ["a", "b", "c"] as const;
export const zones = ["z1", "z2", "z3"] as const;

/** A process that calls others: holds the whole view. */
export interface Listener {
  readonly name: string;
  readonly machine: Machine;
  readonly process: Process;
  readonly discovery: Discovery;
  /** What it speaks: streams of ours, or polling as Eureka's clients do. */
  readonly kind: "native" | "eureka";
}

/** Who watches the world; every call comes at the moment it happens. */
export interface Onlooker {
  onLife?(node: RegistryNode, life: RegistryLife): void;
  onHandled?(owner: Owner, handled: Handled): void;
  onOwner?(owner: Owner): void;
  /** A machine goes on that stood still for so long by its own monotonic clock. */
  onWake?(machine: Machine, stillMs: number): void;
}

/** Three registries, instances and listeners on machines of their own, with the network between them. */
export class World {
  readonly seed: number;
  readonly queue = new EventQueue();
  readonly trace = new Trace(() => this.queue.nowMs);
  readonly random: Random;
  readonly network: SimNetwork;
  readonly nodes = new Map<string, RegistryNode>();
  readonly machines = new Map<string, Machine>();
  readonly owners: Owner[] = [];
  readonly listeners = new Map<string, Listener>();
  readonly onlookers: Onlooker[] = [];

  /** `skewsMs`: by how much the registries' wall clocks are wrong. */
  constructor(seed: number, skewsMs: readonly number[] = []) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.network = new SimNetwork(this.queue, this.random.child("network"));
    for (const [index, name] of peerNames.entries()) {
      const machine = this.machine(name, zones[index] ?? "z1", skewsMs[index] ?? 0);
      const others = (): RegistryNode[] => [...this.nodes.values()].filter((node) => node.name !== name);
      const node = new RegistryNode(machine, this.network, this.random.child(name), this.queue, others, (at, life) => {
        this.trace.add(at.name, "starts");
        for (const onlooker of this.onlookers) onlooker.onLife?.(at, life);
      });
      this.nodes.set(name, node);
    }
  }

  /** True time. */
  readonly nowMs = (): number => this.queue.nowMs;

  node(name: string): RegistryNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new RangeError(`there is no registry ${name}`);
    return node;
  }

  /** The machine of that name, made when there is none. */
  machine(name: string, zone: string, skewMs = 0): Machine {
    const known = this.machines.get(name);
    if (known !== undefined) return known;
    const machine: Machine = new Machine(this.queue, name, zone, skewMs, (stillMs) => {
      for (const onlooker of this.onlookers) onlooker.onWake?.(machine, stillMs);
    });
    this.machines.set(name, machine);
    return machine;
  }

  /** Starts all registries and runs until they are synced. */
  async begin(): Promise<void> {
    for (const node of this.nodes.values()) node.start();
    await this.run(3_000);
  }

  async run(ms: number): Promise<void> {
    await this.queue.runUntil(this.queue.nowMs + ms);
  }

  /** Starts a process that is `identity` on a machine. */
  own(identity: Identity, machine: Machine, status: InstanceStatus = "UP"): Owner {
    const holder: { owner?: Owner } = {};
    const transportOf = (process: Process): SimTransport =>
      new SimTransport(process, this.network, this.nodes, (handled) => {
        const { owner } = holder;
        if (owner === undefined) return;
        this.trace.add(
          identity.key,
          `${handled.method} ${tailOf(handled.path)} at ${handled.at.name}: ${handled.status}`,
        );
        for (const onlooker of this.onlookers) onlooker.onHandled?.(owner, handled);
      });
    const random = this.random.child(identity.key);
    const urls = this.urlsFrom(machine.zone);
    const owner = new Owner(identity, machine, random, this.nowMs, urls, transportOf, status);
    holder.owner = owner;
    this.owners.push(owner);
    this.trace.add(identity.key, `starts on ${machine.name} as ${owner.incarnation}`);
    for (const onlooker of this.onlookers) onlooker.onOwner?.(owner);
    return owner;
  }

  /** `urls`: which registries it knows; by default all, its own zone's first. */
  listen(name: string, zone: string, kind: Listener["kind"] = "native", urls = this.urlsFrom(zone)): Listener {
    const machine = this.machine(name, zone);
    const process = machine.boot();
    const transport = new SimTransport(process, this.network, this.nodes, ({ at, method, path, status }) => {
      this.trace.add(name, `${method} ${tailOf(path)} at ${at.name}: ${status}`);
    });
    const access = { registries: urls, kind, transport, pollMs: 3_000 };
    const discovery = new Discovery(process, this.random.child(name), silentLog, access);
    discovery.start();
    const listener = { name, machine, process, discovery, kind };
    this.listeners.set(name, listener);
    return listener;
  }

  /** A way to call the registries from a machine. */
  transport(process: Process): SimTransport {
    return new SimTransport(process, this.network, this.nodes);
  }

  /** Those of the zone first, as everybody is configured. */
  urlsFrom(zone: string): string[] {
    const first = Math.max(0, zones.indexOf(zone as (typeof zones)[number]));
    return peerNames.map((_, i) => `http://${peerNames[(first + i) % peerNames.length]}`);
  }

  /** Ends everything at once. */
  end(): void {
    for (const machine of this.machines.values()) machine.kill();
    for (const { discovery } of this.listeners.values()) void discovery.stop();
  }
}

function tailOf(path: string): string {
  return path.split("/").slice(-2).join("/");
}
