import type {
  ConfigChangeView,
  ConfigEditView,
  ConfigExplainAnswer,
  ConfigListenerView,
  ConfigPropertyView,
  ConfigStageView,
  ConfigView,
  InstanceView,
} from "@holdfast/wire/control";

const at = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString();
const nobody: InstanceView["id"] = "";

type Given = Pick<ConfigPropertyView, "key" | "value" | "scope" | "revision" | "author" | "reason"> & { ago: number };

const first: readonly Given[] = [
  {
    key: "catalog.cache.ttl",
    value: "30s",
    scope: {},
    revision: 3,
    author: "ann",
    reason: "quieter nights",
    ago: 86_400_000,
  },
  {
    key: "db.url",
    value: "postgres://movies:secret('DB_PASSWORD')@db/movies",
    scope: { appId: "ratings" },
    revision: 9,
    author: "bob",
    reason: "new database",
    ago: 7_200_000,
  },
  {
    key: "ratings.limit",
    value: "5",
    scope: { appId: "ratings", env: "prod", zone: "local-1a,local-1b" },
    revision: 12,
    author: "ann",
    reason: "peak in two zones",
    ago: 240_000,
  },
  {
    key: "ratings.limit",
    value: "10",
    scope: { appId: "ratings" },
    revision: 2,
    author: "ann",
    reason: "first guess",
    ago: 90_000_000,
  },
  {
    key: "recommendations.model",
    value: "v7-large-with-a-name-that-does-not-end-before-the-column-does",
    scope: { region: "local-1" },
    revision: 5,
    author: "carl",
    reason: "",
    ago: 50_000_000,
  },
  {
    key: "recommendations.timeout",
    value: "250ms",
    scope: { appId: "recommendations" },
    revision: 4,
    author: "bob",
    reason: "p99 was 180",
    ago: 60_000_000,
  },
];

const figures = (instances: number, requests: number, errors: number, p99Ms: number) => ({
  instances,
  unhealthy: 0,
  requests,
  errors,
  p99Ms,
});

/** Control's configuration of straw: keeps what it is told, pushes nothing. */
export class FakeConfig {
  state: ConfigView["state"] = "writable";
  properties: ConfigPropertyView[];
  stages: ConfigStageView[];
  changes: ConfigChangeView[];
  /** Instances that do not listen. */
  readonly silent = new Set<string>();
  readonly #instances: () => readonly InstanceView[];

  constructor(instances: () => readonly InstanceView[]) {
    this.#instances = instances;
    this.properties = first.map(({ ago, ...given }, i) => ({
      ...given,
      propertyId: `p${i}`,
      at: at(ago),
      secret: given.value.includes("secret("),
      trial: given.key === "recommendations.timeout" ? "t-4f2a91" : null,
    }));
    this.stages = [trial(), revertedTrial()];
    this.changes = changes();
  }

  get revision(): number {
    return this.changes[0]?.revision ?? 0;
  }

  view(): ConfigView {
    return {
      epoch: "e",
      revision: this.revision,
      state: this.state,
      stateReason: this.state === "writable" ? "" : "database or disk is full",
      properties: this.properties,
      matching: this.properties.length,
      total: this.properties.length,
      listeners: this.listeners().filter(({ listening }) => listening).length,
    };
  }

  listeners(): ConfigListenerView[] {
    return this.#instances()
      .filter(({ kind }) => kind === "app")
      .map(({ name, id, zone, startedAt }) => {
        const listening = !this.silent.has(id);
        return {
          service: name,
          instance: id,
          zone,
          listening,
          since: listening ? startedAt : null,
          revision: listening ? this.revision : null,
        };
      });
  }

  history(key: string): ConfigChangeView[] {
    return this.changes.filter(({ edits }) => key === "" || edits.some((edit) => edit.key === key));
  }

  explain(key: string, instance: string): ConfigExplainAnswer {
    const rows = this.properties.filter((property) => property.key === key);
    const matching = rows.filter(({ scope }) => instance !== nobody || Object.keys(scope).length === 0);
    const [winner] = matching;
    return {
      context: {},
      keys: [
        {
          key,
          value: winner?.value ?? null,
          why:
            winner === undefined
              ? rows.length === 0
                ? "no value anywhere"
                : "no value is for this one"
              : `the most special of ${matching.length} values for it`,
          trial: null,
          rows: rows.map((property) => ({
            property,
            matches: matching.includes(property),
            wins: property === winner,
            why:
              property === winner
                ? "counts: nothing more special is for this one"
                : matching.includes(property)
                  ? "env=prod is more special: it names the env"
                  : `is for appId ${property.scope.appId ?? ""}, this one has none`,
          })),
        },
      ],
    };
  }

  /** Sets and removes, as control does. */
  set(
    edits: readonly { key: string; scope?: ConfigPropertyView["scope"]; value: string | null }[],
    reason: string,
  ): ConfigChangeView {
    const done = edits.map(({ key, scope = {}, value }): ConfigEditView => {
      const same = (one: ConfigPropertyView): boolean =>
        one.key === key && JSON.stringify(one.scope) === JSON.stringify(scope);
      const before = this.properties.find(same)?.value ?? null;
      const rest = this.properties.filter((one) => !same(one));
      const made = {
        key,
        value: value ?? "",
        scope,
        propertyId: `n${this.revision}`,
        revision: this.revision + 1,
        author: "operator",
        at: at(0),
        reason,
        secret: false,
        trial: null,
      };
      this.properties = value === null ? rest : [...rest, made].toSorted((a, b) => (a.key < b.key ? -1 : 1));
      return { key, scope, before, after: value };
    });
    return this.#changed({ kind: "set", reason, edits: done });
  }

  rollback(reason: string, words: string): ConfigChangeView {
    return this.#changed({ kind: "rollback", reason, edits: [], rollback: words });
  }

  end(id: string, state: "reverted" | "running", note: string): ConfigStageView | undefined {
    this.stages = this.stages.map((stage) =>
      stage.id === id ? { ...stage, state, note, step: state === "running" ? stage.step + 1 : stage.step } : stage,
    );
    return this.stages.find((stage) => stage.id === id);
  }

  #changed(given: Partial<ConfigChangeView>): ConfigChangeView {
    const change = change0(this.revision + 1, 0, { author: "operator", ...given });
    this.changes = [change, ...this.changes];
    return change;
  }
}

function change0(revision: number, ago: number, more: Partial<ConfigChangeView>): ConfigChangeView {
  return {
    revision,
    at: at(ago),
    author: "ann",
    reason: "",
    kind: "set",
    edits: [],
    stage: null,
    rollback: null,
    secret: null,
    ...more,
  };
}

function changes(): ConfigChangeView[] {
  const limit = { key: "ratings.limit", scope: { appId: "ratings", env: "prod", zone: "local-1a,local-1b" } };
  return [
    change0(14, 20_000, {
      kind: "stage-advanced",
      author: "gate",
      reason: "17 % passed: 0 % errors in 214 requests of 1 staged instances",
      stage: "t-4f2a91",
    }),
    change0(13, 52_000, { kind: "stage-started", author: "bob", reason: "p99 was 180", stage: "t-4f2a91" }),
    change0(12, 240_000, { reason: "peak in two zones", edits: [{ ...limit, before: "8", after: "5" }] }),
    change0(11, 3_000_000, {
      kind: "stage-reverted",
      author: "gate",
      reason: "zone local-1c failed: 31 % errors in 120 requests, the others 0 %",
      stage: "t-09bb10",
    }),
    change0(10, 3_600_000, {
      kind: "secret",
      author: "bob",
      reason: "rotated",
      secret: { name: "DB_PASSWORD", before: "5d0c27aa91be", after: "f01b6a77c3d2" },
    }),
    change0(9, 7_200_000, {
      author: "bob",
      reason: "new database",
      edits: [
        {
          key: "db.url",
          scope: { appId: "ratings" },
          before: null,
          after: "postgres://movies:secret('DB_PASSWORD')@db/movies",
        },
      ],
    }),
    change0(8, 9_000_000, {
      kind: "rollback",
      rollback: "undid revision 7",
      reason: "too few",
      edits: [{ ...limit, before: "1", after: "8" }],
    }),
  ];
}

const gate = { watchMs: 30_000, requestsMin: 20, errorPointsMax: 2, p99RatioMax: 2, p99FloorMs: 50 };

function trial(): ConfigStageView {
  return {
    id: "t-4f2a91",
    key: "recommendations.timeout",
    scope: { appId: "recommendations" },
    value: "400ms",
    author: "bob",
    reason: "p99 was 180",
    startedAt: at(52_000),
    state: "running",
    steps: ["17 %", "50 %", "all"],
    step: 1,
    stepAt: at(20_000),
    gate,
    note: "50 %: 0.4 % errors in 481 requests of 2 staged instances",
    staged: figures(2, 481, 2, 61),
    others: figures(1, 233, 1, 58),
  };
}

function revertedTrial(): ConfigStageView {
  return {
    ...trial(),
    id: "t-09bb10",
    key: "catalog.page.size",
    scope: {},
    value: "0",
    author: "ann",
    reason: "show everything",
    startedAt: at(3_020_000),
    state: "reverted",
    steps: ["zone local-1c", "all"],
    step: 0,
    stepAt: at(3_020_000),
    note: "zone local-1c failed: 31 % errors in 120 requests, the others 0 %",
    staged: figures(6, 120, 37, 48),
    others: figures(12, 230, 0, 45),
  };
}
