import type { Random } from "@holdfast/kernel";
import { type Deed, Dice } from "./dice.ts";
import type { Machine } from "./machine.ts";
import type { RegistryNode } from "./registry-node.ts";
import type { Scene } from "./scene.ts";
import { fairWeather } from "./sim-network.ts";

/** What goes wrong with registries and with the network; everything ends by itself, and with {@link Trouble.end}. */
export class Trouble {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #dice: Dice;
  /** What is going on, with the way to end it. */
  readonly #going = new Set<() => void>();

  constructor(scene: Scene, random: Random) {
    this.#scene = scene;
    this.#random = random;
    const deeds: readonly Deed[] = [
      [4, "kill", () => this.#kill(this.#node())],
      [2, "shutdown", () => this.#shutDown(this.#node())],
      [3, "stop", () => this.#still(this.#node(), "stop")],
      [2, "suspend", () => this.#still(this.#node(), "suspend")],
      [2, "clock", () => this.#jumpWall(this.#node())],
      [2, "slow", () => this.#slow(this.#node())],
      [4, "cut", () => this.#cutPair(this.#random.next() < 0.5)],
      [3, "isolate", () => this.#isolate(this.#node())],
      [3, "partition", () => this.#partition()],
      [4, "weather", () => this.#weather()],
      [2, "reset", () => this.#reset()],
      [2, "host", () => this.#cutHost()],
      [1, "all", () => this.#restartAll()],
      [1, "zone", () => this.#zoneDies()],
    ];
    this.#dice = new Dice(random, deeds);
  }

  /** Something goes wrong. */
  step(): void {
    this.#dice.roll();
  }

  /** Everything is well again. */
  end(): void {
    for (const stop of this.#going) stop();
    const { world, calm } = this.#scene;
    world.network.weather = { ...fairWeather };
    world.network.heal();
    calm.shock();
  }

  /** `begin` makes trouble and answers with the way to end it, which happens after `ms` at the latest. */
  #during(what: string, ms: number, begin: () => () => void): void {
    const { world, calm } = this.#scene;
    this.#note(`${what} for ${Math.round(ms)} ms`);
    const release = calm.disturb(what);
    const finish = begin();
    const stop = (): void => {
      if (!this.#going.delete(stop)) return;
      finish();
      release();
      this.#note(`${what} is over`);
    };
    this.#going.add(stop);
    world.queue.after(ms, stop);
  }

  #kill(node: RegistryNode): void {
    if (node.life === undefined) return;
    this.#during(`registry ${node.name} is killed`, this.#ms(20, 20_000), () => {
      node.kill();
      return () => this.#startAgain(node);
    });
  }

  #shutDown(node: RegistryNode): void {
    if (node.life === undefined || node.machine.isStill) return;
    this.#during(`registry ${node.name} is told to end`, this.#ms(1_500, 20_000), () => {
      void node.shutDown();
      return () => {
        node.kill();
        this.#startAgain(node);
      };
    });
  }

  #still(node: RegistryNode, how: "stop" | "suspend"): void {
    if (node.machine.isStill) return;
    this.#during(`registry ${node.name} stands still (${how})`, this.#ms(300, 60_000), () => {
      node.machine.stop(how);
      return () => node.machine.resume();
    });
  }

  #jumpWall(node: RegistryNode): void {
    const ms = Math.round((this.#random.next() - 0.5) * 7_200_000);
    this.#note(`the wall clock of registry ${node.name} jumps by ${ms} ms`);
    node.machine.jumpWall(ms);
  }

  #slow(node: RegistryNode): void {
    const { slow } = this.#scene.world.network;
    this.#during(`registry ${node.name} is slow`, this.#ms(2_000, 40_000), () => {
      slow.set(node.machine, 20 + this.#random.next() * 1_000);
      return () => void slow.delete(node.machine);
    });
  }

  #cutPair(oneWay: boolean): void {
    const [a, b] = this.#two();
    const hits = (from: Machine, to: Machine): boolean =>
      (from === a.machine && to === b.machine) || (!oneWay && from === b.machine && to === a.machine);
    this.#cut(`the link from ${a.name} to ${b.name} is cut${oneWay ? " one way" : ""}`, hits);
  }

  /** From all other registries; who is in its zone reaches it. */
  #isolate(node: RegistryNode): void {
    const { nodes } = this.#scene.world;
    const isPeer = (machine: Machine): boolean => nodes.has(machine.name) && machine !== node.machine;
    const isAll = this.#random.next() < 0.5;
    const hits = (from: Machine, to: Machine): boolean =>
      (from === node.machine && (isAll || isPeer(to))) || (to === node.machine && (isAll || isPeer(from)));
    this.#cut(`registry ${node.name} is cut off from ${isAll ? "everybody" : "its peers"}`, hits);
  }

  /** One zone from the other two, or one way. */
  #partition(): void {
    const { zone } = this.#node().machine;
    const how = this.#random.below(3);
    const hits = (from: Machine, to: Machine): boolean =>
      (how !== 1 && from.zone === zone && to.zone !== zone) || (how !== 2 && from.zone !== zone && to.zone === zone);
    this.#cut(`zone ${zone} is cut off (${["both ways", "nothing gets in", "nothing gets out"][how]})`, hits);
  }

  #cutHost(): void {
    const { owners } = this.#scene.world;
    const machine = owners[this.#random.below(owners.length || 1)]?.machine;
    if (machine === undefined) return;
    const node = this.#random.next() < 0.4 ? this.#node().machine : undefined;
    const hits = (from: Machine, to: Machine): boolean =>
      (from === machine && (node === undefined || to === node)) ||
      (to === machine && (node === undefined || from === node));
    this.#cut(`host ${machine.name} is cut off from ${node?.name ?? "everybody"}`, hits);
  }

  #cut(what: string, hits: (from: Machine, to: Machine) => boolean): void {
    const { network } = this.#scene.world;
    this.#during(what, this.#ms(500, 60_000), () => {
      const cut = { what, hits };
      network.cut(cut);
      return () => network.heal(cut);
    });
  }

  #weather(): void {
    const { network } = this.#scene.world;
    const random = this.#random;
    const weather = {
      loss: random.next() * 0.25,
      duplicates: random.next() * 0.3,
      tail: random.next() * 0.3,
      tailMs: random.next() * 2_500,
    };
    const share = (part: number): string => `${Math.round(part * 100)} %`;
    const { loss, duplicates, tail } = weather;
    this.#during(`loss ${share(loss)}, doubles ${share(duplicates)}, late ${share(tail)}`, this.#ms(5e3, 6e4), () => {
      network.weather = weather;
      return () => {
        network.weather = { ...fairWeather };
      };
    });
  }

  #reset(): void {
    const { network } = this.#scene.world;
    this.#note("streams are reset");
    this.#scene.calm.shock();
    for (const stream of network.streams) if (this.#random.next() < 0.6) stream.reset();
  }

  /** All registries at once: what they knew is gone. */
  #restartAll(): void {
    for (const node of this.#scene.world.nodes.values()) this.#kill(node);
  }

  #zoneDies(): void {
    const { world } = this.#scene;
    const node = this.#node();
    const { zone } = node.machine;
    if (this.#scene.deadZone !== undefined || node.life === undefined) return;
    const victims = world.owners.filter((owner) => owner.isRunning && owner.machine.zone === zone);
    this.#during(`zone ${zone} dies`, this.#ms(500, 40_000), () => {
      this.#scene.deadZone = zone;
      node.kill();
      for (const owner of victims) owner.kill();
      return () => {
        this.#scene.deadZone = undefined;
        this.#startAgain(node);
        for (const { identity, machine } of victims) {
          if (machine.process === undefined && !machine.isStill) world.own(identity, machine);
        }
      };
    });
  }

  #startAgain(node: RegistryNode): void {
    // A host that was still when it was switched off is not when it is switched on.
    node.machine.resume();
    if (node.life === undefined) node.start();
  }

  #node(): RegistryNode {
    const nodes = [...this.#scene.world.nodes.values()];
    const node = nodes[this.#random.below(nodes.length)];
    if (node === undefined) throw new RangeError("there are no registries");
    return node;
  }

  #two(): [RegistryNode, RegistryNode] {
    const a = this.#node();
    for (;;) {
      const b = this.#node();
      if (b !== a) return [a, b];
    }
  }

  /** Short ones are as likely as long ones. */
  #ms(from: number, to: number): number {
    return from * (to / from) ** this.#random.next();
  }

  #note(what: string): void {
    this.#scene.world.trace.add("world", what);
  }
}
