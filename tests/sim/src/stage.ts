import type { InstanceRecord, InstanceStatus } from "@holdfast/wire";
import { shownStatus } from "./expectation.ts";
import type { Judge } from "./judge.ts";
import type { Machine } from "./machine.ts";
import type { Operator } from "./operator.ts";
import { identityOf, type Owner } from "./owner.ts";
import type { RegistryNode } from "./registry-node.ts";
import type { Scene } from "./scene.ts";
import type { Cut } from "./sim-network.ts";
import type { Listener, World } from "./world.ts";

const zoneNames = ["z1", "z2", "z3"] as const;

/** Where a drill is played: the world, with words for what drills do. */
export class Stage {
  readonly scene: Scene;
  readonly operator: Operator;
  readonly #judge: Judge;
  #accuse: (message: string, ...subjects: readonly string[]) => void = () => {};

  constructor(scene: Scene, judge: Judge, operator: Operator) {
    this.scene = scene;
    this.operator = operator;
    this.#judge = judge;
    judge.add((accuse) => {
      this.#accuse = accuse;
      return { look: () => {} };
    }, "the story");
  }

  get world(): World {
    return this.scene.world;
  }

  get nodes(): RegistryNode[] {
    return [...this.world.nodes.values()];
  }

  /** True when something was found. */
  get isOver(): boolean {
    return this.#judge.violations.length > 0;
  }

  /** Time goes on; `always` is looked at ten times a second. Ends early when something was found. */
  async run(ms: number, always: () => void = () => {}): Promise<void> {
    for (let leftMs = ms; leftMs > 0 && !this.isOver; leftMs -= 100) {
      await this.world.run(Math.min(100, leftMs));
      always();
      if (Math.round(leftMs / 100) % 5 === 0) this.#judge.look();
    }
  }

  expect(isSo: boolean, message: string, ...subjects: readonly string[]): void {
    if (!isSo) this.#accuse(message, ...subjects);
  }

  /** An instance of `app` that speaks to the registry of zone 1, 2 or 3. */
  instance(app: string, name: string, zone: 1 | 2 | 3, kind: "native" | "eureka" = "native"): Owner {
    return this.world.own(identityOf(app, name, kind), this.world.machine(`h-${name}`, zoneNames[zone - 1] ?? "z1"));
  }

  listener(name: string, zone: 1 | 2 | 3, urls?: readonly string[], kind: Listener["kind"] = "native"): Listener {
    const place = zoneNames[zone - 1] ?? "z1";
    return this.world.listen(name, place, kind, urls === undefined ? this.world.urlsFrom(place) : [...urls]);
  }

  node(name: "a" | "b" | "c"): RegistryNode {
    return this.world.node(name);
  }

  /** Nothing gets from one to the other until what is returned is called. */
  cut(what: string, hits: Cut["hits"]): () => void {
    const cut: Cut = { what, hits };
    const release = this.scene.calm.disturb(what);
    this.world.network.cut(cut);
    this.world.trace.add("world", what);
    return () => {
      this.world.network.heal(cut);
      this.world.trace.add("world", `${what}: over`);
      release();
    };
  }

  /** A registry cannot talk to the others; its instances and listeners can talk to it. */
  cutPeer(name: string): () => void {
    const isPeer = (machine: Machine): boolean => this.world.nodes.has(machine.name);
    return this.cut(`registry ${name} is cut off from its peers`, (from, to) => {
      return isPeer(from) && isPeer(to) && (from.name === name || to.name === name);
    });
  }

  /** They are gone until what is returned is called. */
  kill(...nodes: readonly RegistryNode[]): () => void {
    const names = nodes.map((node) => node.name).join(", ");
    this.world.trace.add("world", `killed: ${names}`);
    const release = this.scene.calm.disturb(`killed: ${names}`);
    for (const node of nodes) node.kill();
    return () => {
      for (const node of nodes) node.start();
      release();
    };
  }

  /** What a registry shows of it. */
  shown(node: RegistryNode, { identity }: Owner): InstanceRecord | undefined {
    return node.registry?.get(identity.app, identity.id);
  }

  /** Every registry shows each of these as it says it is, or with what an operator said. */
  expectShown(
    when: string,
    owners: readonly Owner[],
    override?: InstanceStatus,
    nodes: readonly RegistryNode[] = this.nodes,
  ): void {
    for (const owner of owners) {
      const { record } = owner.registration;
      const status = shownStatus(record.status, override, owner.identity.kind);
      for (const node of nodes) {
        const shown = this.shown(node, owner);
        const isSo = shown?.status === status && shown.metadata["host"] === owner.machine.name;
        const told = shown === undefined ? "does not show it" : `shows it ${shown.status}`;
        this.expect(
          isSo,
          `${when}, ${owner.identity.key} is ${status}: registry ${node.name} ${told}`,
          owner.identity.key,
          node.name,
        );
      }
    }
  }

  expectGone(when: string, owners: readonly Owner[], nodes: readonly RegistryNode[] = this.nodes): void {
    for (const owner of owners) {
      for (const node of nodes) {
        const { key } = owner.identity;
        this.expect(
          this.shown(node, owner) === undefined,
          `${when}, registry ${node.name} shows ${key}`,
          key,
          node.name,
        );
      }
    }
  }

  /** A listener sees just these of an app. */
  expectSeen(when: string, listener: Listener, app: string, owners: readonly Owner[]): void {
    const seen = listener.discovery.instances(app).map((record) => `${record.id} ${record.status}`);
    const expected = owners.map(({ registration }) => `${registration.record.id} ${registration.record.status}`);
    const isSo = seen.sort().join(", ") === expected.sort().join(", ");
    this.expect(
      isSo,
      `${when}, listener ${listener.name} sees ${seen.join(", ")} and not ${expected.join(", ")}`,
      listener.name,
    );
  }
}
