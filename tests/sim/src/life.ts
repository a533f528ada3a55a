import type { Random } from "@holdfast/kernel";
import type { InstanceStatus } from "@holdfast/wire";
import { type Deed, Dice } from "./dice.ts";
import type { Machine } from "./machine.ts";
import type { Operator } from "./operator.ts";
import { identityOf, type Owner } from "./owner.ts";
import type { Scene } from "./scene.ts";

/** So many instances there are at first, and so many apps. */
export interface Population {
  readonly instances: number;
  readonly apps: number;
  /** Of them speak Eureka, from 0 to 1. */
  readonly eureka: number;
  readonly listeners: number;
}

const zoneNames = ["z1", "z2", "z3"] as const;

/** What instances and operators do of their own accord; nothing of it is trouble for anybody else. */
export class Life {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #operator: Operator;
  readonly #dice: Dice;
  #born = 0;

  constructor(scene: Scene, random: Random, operator: Operator) {
    this.#scene = scene;
    this.#random = random;
    this.#operator = operator;
    const deeds: readonly Deed[] = [
      [4, "status", () => this.#changeStatus()],
      [3, "kill", () => this.#kill()],
      [3, "stop", () => this.#stop()],
      [2, "freeze", () => this.#freeze("stop")],
      [1, "suspend", () => this.#freeze("suspend")],
      [1, "twin", () => this.#twin()],
      [1, "flap", () => this.#flap()],
      [2, "override", () => this.#operator.override()],
      [1, "clock", () => this.#jumpWall()],
      [1, "restart", () => this.#restart()],
    ];
    this.#dice = new Dice(random, deeds);
  }

  populate({ instances, apps, eureka, listeners }: Population): void {
    const { world } = this.#scene;
    for (let i = 0; i < instances; i++) {
      const kind = i % 10 < eureka * 10 ? "eureka" : "native";
      const zone = zoneNames[i % 3] ?? "z1";
      const skewMs = i % 7 === 0 ? (this.#random.next() - 0.5) * 7_200_000 : 0;
      // Apps of all sizes: the first is the largest.
      const app = `app-${Math.floor(((i % (2 * apps)) ** 2 / (2 * apps) ** 2) * apps)}`;
      world.own(identityOf(app, `i-${i}`, kind), world.machine(`h${i}`, zone, skewMs));
      this.#born += 1;
    }
    for (let i = 0; i < listeners; i++) {
      const zone = zoneNames[i % 3] ?? "z1";
      // One knows a single registry: only such a one comes back to where it was.
      const urls = i === 1 ? world.urlsFrom(zone).slice(0, 1) : world.urlsFrom(zone);
      world.listen(`l${i}`, zone, i % 4 === 3 ? "eureka" : "native", urls);
    }
  }

  /** Something happens. */
  step(): void {
    this.#dice.roll();
  }

  /** How many instances there have been. */
  get born(): number {
    return this.#born;
  }

  #changeStatus(): void {
    const owner = this.#anyAwake();
    if (owner === undefined) return;
    const others: InstanceStatus[] =
      owner.identity.kind === "native" ? ["UP", "DOWN", "OUT_OF_SERVICE"] : ["UP", "DOWN"];
    const now = owner.registration.record.status;
    const status = now === "UP" ? (others[1 + this.#random.below(others.length - 1)] ?? "DOWN") : "UP";
    this.#note(owner, `says ${status}`);
    void owner.setStatus(status);
  }

  #kill(): void {
    const owner = this.#anyAwake();
    if (owner === undefined) return;
    this.#note(owner, "is killed");
    owner.kill();
    this.#comeBack(owner, this.#between(50, 40_000));
  }

  #stop(): void {
    const owner = this.#anyAwake();
    // A removal for good by the one with the later clock would end the other, too.
    if (owner === undefined || this.#isClaimedTwice(owner)) return;
    this.#note(owner, "stops");
    this.#scene.overrides.loosen(owner.identity.key);
    void owner.stop();
    this.#comeBack(owner, this.#between(1_500, 60_000));
  }

  /** A new process at once, over the old one. */
  #restart(): void {
    const owner = this.#anyAwake();
    if (owner === undefined) return;
    this.#note(owner, "is killed and there again");
    owner.kill();
    this.#comeBack(owner, this.#between(2, 200));
  }

  /** A host stands still for a while. */
  #freeze(how: "stop" | "suspend"): void {
    const owner = this.#anyAwake();
    if (owner === undefined) return;
    const ms = this.#between(500, 45_000);
    this.#note(owner, `stands still (${how}) for ${Math.round(ms)} ms`);
    owner.freeze(how);
    this.#scene.world.queue.after(ms, () => {
      owner.wake();
      this.#note(owner, "goes on");
    });
  }

  /** Two processes claim one id; one of them dies some time. */
  #twin(): void {
    const owner = this.#anyAwake();
    if (owner === undefined || owner.identity.kind !== "native") return;
    const { world } = this.#scene;
    const { name, skewMs } = owner.machine;
    // A start with a clock that is behind is refused for as long as the end of one that was ahead is remembered; and two
    // that start in one millisecond, as after a power cut, are one start to the registries.
    const machine = world.machine(`${name}t`, zoneNames[this.#random.below(3)] ?? "z1", skewMs + 7);
    if (name.endsWith("t") || machine.process !== undefined || machine.isStill) return;
    const twin = world.own(owner.identity, machine);
    const victim = this.#random.next() < 0.5 ? owner : twin;
    world.queue.after(this.#between(100, 60_000), () => {
      this.#note(victim, `of two, the one on ${victim.machine.name} is killed`);
      victim.kill();
    });
  }

  #flap(): void {
    const owner = this.#anyAwake();
    if (owner === undefined) return;
    this.#note(owner, "flaps");
    const { queue } = this.#scene.world;
    const times = 2 * (2 + this.#random.below(6));
    for (let i = 0; i < times; i++) {
      queue.after(i * 400, () => {
        if (owner.isRunning && !owner.machine.isStill) void owner.setStatus(i % 2 === 0 ? "DOWN" : "UP");
      });
    }
  }

  #jumpWall(): void {
    const owner = this.#anyAwake();
    if (owner === undefined) return;
    // Not back: a start dated before a removal for good is refused until that is forgotten.
    const ms = Math.round(this.#between(0, 3_600_000));
    this.#note(owner, `its wall clock jumps by ${ms} ms`);
    const name = owner.machine.name.replace(/t$/, "");
    for (const each of [name, `${name}t`]) this.#scene.world.machines.get(each)?.jumpWall(ms);
  }

  #comeBack({ identity, machine }: Owner, afterMs: number): void {
    const { world } = this.#scene;
    world.queue.after(afterMs, () => {
      const isThere = machine.process !== undefined || machine.isStill || machine.zone === this.#scene.deadZone;
      if (isThere) return;
      world.own(identity, machine);
    });
  }

  #isClaimedTwice({ identity }: Owner): boolean {
    const owners = this.#scene.ledger.entry(identity.key)?.owners ?? [];
    return owners.filter((owner) => owner.isRunning).length > 1;
  }

  #anyAwake(): Owner | undefined {
    const { owners } = this.#scene.world;
    for (let i = 0; i < 20; i++) {
      const owner = owners[this.#random.below(owners.length || 1)];
      if (owner?.isRunning === true && !owner.machine.isStill) return owner;
    }
    return undefined;
  }

  #between(fromMs: number, toMs: number): number {
    return fromMs + this.#random.next() * (toMs - fromMs);
  }

  #note(owner: Owner, what: string): void {
    const { incarnation } = owner;
    this.#scene.world.trace.add(owner.identity.key, `${owner.machine.name}/${incarnation} ${what}`);
  }
}

/** The machines of everybody in a zone. */
export function machinesIn(machines: Iterable<Machine>, zone: string): Machine[] {
  return [...machines].filter((machine) => machine.zone === zone);
}
