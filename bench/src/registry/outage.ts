import { Discovery, Registration } from "@holdfast/discovery";
import { silentLog, systemRandom } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import { type BenchContext, size, sleep } from "../bench-context.ts";
import type { Measured } from "../figure.ts";
import { clock, type Name, RegistryCluster } from "./cluster.ts";
import { recordOf } from "./records.ts";

/** One of three registries is cut off from the other two, while instances come, go and renew at all of them. */
export async function* partition(context: BenchContext): AsyncGenerator<Measured> {
  const seconds = size(context, 8, 60);
  await using cluster = await RegistryCluster.start(context);
  await using fleet = await Fleet.start(cluster, size(context, 9, 30));
  await waitFor("all three to agree", () => cluster.agree());
  const before = await cluster.countEvents("evicted");
  cluster.cut("c");
  await sleep((seconds * 1_000) / 2);
  await fleet.change();
  await sleep((seconds * 1_000) / 2);
  cluster.heal();
  const startMs = performance.now();
  await waitFor("all three to agree again", () => cluster.agree(), { timeoutMs: 30_000, everyMs: 20 });
  const tookS = (performance.now() - startMs) / 1_000;
  await sleep(size(context, 1_000, 12_000));
  yield {
    case: `one of three registries cut off for ${seconds} s: converged after healing`,
    ours: tookS,
    unit: "s",
    goal: { most: 2 },
    note: `${fleet.size} instances renewing at all three; registrations, cancellations and status changes on both sides meanwhile`,
  };
  yield {
    case: `one of three registries cut off for ${seconds} s: false evictions`,
    ours: (await cluster.countEvents("evicted")) - before,
    unit: "",
    goal: { most: 0 },
    note: "evictions in the event logs of all three, until 12 s after healing",
  };
}

/** All registries are killed; callers go on looking up. */
export async function* allDown(context: BenchContext): AsyncGenerator<Measured> {
  const seconds = size(context, 5, 300);
  await using cluster = await RegistryCluster.start(context);
  await using _fleet = await Fleet.start(cluster, 9);
  const discovery = new Discovery(clock, systemRandom(), silentLog, { registries: cluster.urls() });
  discovery.start();
  try {
    await waitFor("the view", () => discovery.instances("catalog").length === 9);
    for (const name of ["a", "b", "c"] as const) cluster.server(name).kill();
    let [lookups, found] = [0, 0];
    for (const endMs = performance.now() + seconds * 1_000; performance.now() < endMs; await sleep(10)) {
      lookups += 1;
      if (discovery.instances("catalog").length === 9) found += 1;
    }
    yield {
      case: `all registries down for ${seconds} s: lookups that fail`,
      ours: lookups - found,
      unit: "",
      goal: { most: 0 },
      note: `of ${lookups}; the state then is "${discovery.state.kind}"`,
    };
  } finally {
    await discovery.stop();
  }
}

/** Instances in this process, renewing as ours do, each first at its own zone's registry. */
class Fleet {
  readonly #cluster: RegistryCluster;
  readonly #members: Registration[] = [];

  private constructor(cluster: RegistryCluster) {
    this.#cluster = cluster;
  }

  static async start(cluster: RegistryCluster, count: number): Promise<Fleet> {
    const fleet = new Fleet(cluster);
    await Promise.all(Array.from({ length: count }, (_, i) => fleet.#add(`i-fleet-${i}`, zoneOf(i))));
    return fleet;
  }

  get size(): number {
    return this.#members.length;
  }

  /** One comes, one goes, one changes its status, at each registry. */
  async change(): Promise<void> {
    await Promise.all(
      ([0, 1, 2] as const).map(async (i) => {
        await this.#add(`i-late-${i}`, zoneOf(i));
        await this.#members[i]?.stop("cancelled in the partition");
        await this.#members[i + 3]?.setStatus("DOWN");
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members) member.abandon();
  }

  async #add(id: string, zone: Name): Promise<void> {
    const access = { registries: this.#cluster.urls(zone) };
    const { version: _, ...record } = recordOf(id, { zone });
    const member = new Registration(clock, systemRandom(), silentLog, access, record);
    this.#members.push(member);
    await member.start();
  }
}

function zoneOf(i: number): Name {
  return (["a", "b", "c"] as const)[i % 3] ?? "a";
}
