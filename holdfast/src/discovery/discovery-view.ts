import { type Clock, messageOf, PlatformError } from "@holdfast/kernel";
import { type InstanceRecord, RegistryPaths, type RegistrySummary } from "@holdfast/wire";
import type { Agreement, DiscoveryView, RegistryState } from "@holdfast/wire/control";
import { countDifferences, differencesOf, type Listed, lasting } from "./agreement.ts";
import { discoveryVerdict } from "./discovery-verdict.ts";
import { groupByApp, zonesOf } from "./group-by-app.ts";
import type { Registries, RegistryPlace } from "./registries.ts";
import { overridesAt, recordsAt } from "./registry-reads.ts";

/** Registries that list more are compared by their counts: three lists of 2,000 are what control can read in passing. */
const comparedMax = 2_000;
/** A change takes 20 ms from one peer to the next; what still differs after so long is a difference. */
const settleMs = 300;
const differencesMax = 20;

interface Asked {
  readonly place: RegistryPlace;
  readonly state: RegistryState;
}

/** Puts what all registries say side by side. */
export class DiscoveryViews {
  readonly #clock: Clock;
  readonly #registries: Registries;

  constructor(clock: Clock, registries: Registries) {
    this.#clock = clock;
    this.#registries = registries;
  }

  /** @throws PlatformError `HISTORY_GONE` (410) or `QUERY_INVALID` (400) for `at`. */
  async make(at: string | undefined): Promise<DiscoveryView> {
    const asked = await Promise.all(this.#registries.inOrder().map((place) => this.#summary(place)));
    const serving = asked.filter(({ state }) => state.summary?.synced === true && !state.summary.draining);
    const speaker = serving[0] ?? asked.find(({ state }) => state.reachable);
    if (speaker !== undefined) this.#registries.prefer(speaker.place);
    const [{ agreement, instances: present }, overrides, past] = await Promise.all([
      this.#compare(serving, speaker),
      speaker === undefined ? [] : overridesAt(this.#registries, speaker.place).catch(() => []),
      at === undefined || speaker === undefined ? undefined : recordsAt(this.#registries, undefined, at),
    ]);
    const instances = past?.value ?? present;
    const isNow = past === undefined;
    // In the order of their places, whoever was asked first.
    const registries = this.#registries.places.flatMap((place) =>
      asked.filter((one) => one.place === place).map(({ state }) => state),
    );
    const listed = { instances: present.length, apps: new Set(present.map(({ app }) => app)).size };
    return {
      ...discoveryVerdict(registries, agreement, listed),
      registries,
      agreement,
      registry: past?.registry.name ?? speaker?.place.name ?? null,
      at: isNow ? null : (at ?? null),
      zones: zonesOf(instances),
      instances: instances.length,
      up: instances.filter(({ status }) => status === "UP").length,
      apps: groupByApp(instances, isNow ? overrides : [], isNow ? heldOf(speaker) : new Map()),
      overrides,
    };
  }

  /** Whether those that serve list the same, and what the speaker lists. */
  async #compare(
    serving: readonly Asked[],
    speaker: Asked | undefined,
  ): Promise<{ agreement: Agreement; instances: readonly InstanceRecord[] }> {
    if (speaker === undefined) return { agreement: agreementOf("none", "instances", []), instances: [] };
    if (serving.length < 2) {
      const [own] = await this.#listed([speaker]);
      return { agreement: agreementOf("alone", "instances", []), instances: own?.instances ?? [] };
    }
    const counts = serving.flatMap(({ place: { name }, state: { summary } }) =>
      summary === null ? [] : [{ name, instances: summary.instances, up: summary.up }],
    );
    if (counts.some(({ instances }) => instances > comparedMax)) {
      const [own] = await this.#listed([speaker]);
      return { agreement: agreementOf("agree", "counts", countDifferences(counts)), instances: own?.instances ?? [] };
    }
    let lists = await this.#listed(serving);
    let differences = differencesOf(lists);
    if (differences.length > 0) {
      await this.#clock.sleep(settleMs);
      lists = await this.#listed(serving);
      differences = lasting(differences, differencesOf(lists));
    }
    const own = lists.find(({ name }) => name === speaker.place.name) ?? lists[0];
    return { agreement: agreementOf("agree", "instances", differences), instances: own?.instances ?? [] };
  }

  /** Lists of those that answer. */
  async #listed(asked: readonly Asked[]): Promise<Listed[]> {
    const lists = asked.map(async ({ place }) => {
      const instances = await this.#registries.ask<InstanceRecord[]>(place, "GET", RegistryPaths.instances);
      return { name: place.name, instances };
    });
    const settled = await Promise.allSettled(lists);
    return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  }

  async #summary(place: RegistryPlace): Promise<Asked> {
    const fromMs = this.#clock.monotonicMs();
    const base = { name: place.name, url: place.url };
    try {
      const summary = await this.#registries.ask<RegistrySummary>(place, "GET", RegistryPaths.summary);
      const answeredInMs = Math.round((this.#clock.monotonicMs() - fromMs) * 10) / 10;
      return { place, state: { ...base, reachable: true, reason: "", answeredInMs, summary } };
    } catch (error) {
      return {
        place,
        state: { ...base, reachable: false, reason: reasonOf(error), answeredInMs: null, summary: null },
      };
    }
  }
}

/** App → instances kept although their lease is over. */
function heldOf(speaker: Asked | undefined): Map<string, number> {
  const held = new Map<string, number>();
  for (const group of speaker?.state.summary?.preservation.groups ?? []) {
    if (group.held > 0) held.set(group.app, (held.get(group.app) ?? 0) + group.held);
  }
  return held;
}

function agreementOf(
  whenSame: Agreement["state"],
  compared: Agreement["compared"],
  differences: readonly string[],
): Agreement {
  const state = differences.length > 0 ? "differ" : whenSame;
  return { state, compared, differences: differences.slice(0, differencesMax) };
}

/** Without the URL, which stands beside it. */
function reasonOf(error: unknown): string {
  const reason = error instanceof PlatformError ? error.details["reason"] : undefined;
  return typeof reason === "string" ? reason : messageOf(error);
}
