import { makeZones, SeededRandom, silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { healthCheckDefaults } from "@holdfast/wire";
import {
  Cloud,
  DurableState,
  type GroupDefinition,
  type LookAtInstance,
  MemoryStore,
  type Placement,
} from "../src/index.ts";
import { FakeEngine } from "./fake-engine.ts";
import { FakeTraffic } from "./fake-traffic.ts";

/** A cloud over a fake engine, all on one fake clock. */
export class World {
  readonly clock = new FakeClock();
  readonly engine = new FakeEngine(this.clock);
  readonly store: MemoryStore;
  readonly traffic = new FakeTraffic();
  state: DurableState;
  readonly zones;
  /** Given to clouds that are started from now on. */
  lookAt: LookAtInstance | undefined;
  /** Called with each new cloud before it begins. */
  prepare: (cloud: Cloud) => void = () => {};
  #cloud: Cloud | undefined;

  constructor(zones = 3, store = new MemoryStore()) {
    this.zones = makeZones(1, zones);
    this.store = store;
    this.state = new DurableState(this.clock, silentLog, store);
  }

  get cloud(): Cloud {
    if (this.#cloud === undefined) throw new Error("not started");
    return this.#cloud;
  }

  /** Starts control; again after {@link crash}, it is a new life over the same store and engine. */
  async start(seed = 1): Promise<Cloud> {
    this.state = new DurableState(this.clock, silentLog, this.store);
    const opened = await this.state.open(500);
    const options = {
      zones: this.zones,
      ports: { first: 10_010, last: 10_999 },
      traffic: this.traffic,
      ...(this.lookAt === undefined ? {} : { lookAt: this.lookAt }),
    };
    const random = new SeededRandom(seed);
    this.#cloud = new Cloud(this.clock, random, silentLog, this.engine, this.state, opened.state, options);
    this.prepare(this.#cloud);
    this.#cloud.start();
    await this.clock.advance(0);
    return this.#cloud;
  }

  /** Control is gone at once; instances are not. */
  async crash(): Promise<void> {
    this.#cloud?.stop();
    await this.state.close();
    this.#cloud = undefined;
  }

  /** Control is killed: nothing of it is closed, written or waited for. */
  kill(): void {
    this.#cloud?.stop();
    this.#cloud = undefined;
  }

  get isRunning(): boolean {
    return this.#cloud !== undefined;
  }

  /** Deploys `catalog` at `desired` and waits until it runs. */
  async settled(desired = 3): Promise<void> {
    await this.start();
    await this.cloud.deploy("movies", {}, [definition("catalog", desired)], "operator");
    await this.clock.advance(15_000);
  }
}

export function definition(
  service: string,
  desired: number,
  more: { run?: string; min?: number; max?: number; placement?: Placement; kind?: GroupDefinition["kind"] } = {},
): GroupDefinition {
  return {
    application: more.kind === undefined ? "movies" : "holdfast",
    service,
    kind: more.kind ?? "app",
    template: {
      image: "/images/1",
      run: more.run ?? "node main.js",
      env: {},
      zoneEnv: {},
      health: healthCheckDefaults,
      drainMs: 10_000,
      logBytesMax: 1_000_000,
    },
    scale: { min: more.min ?? 0, desired, max: more.max ?? 9 },
    placement: more.placement ?? {},
  };
}
