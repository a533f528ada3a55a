import assert from "node:assert/strict";
import { test } from "node:test";
import { Registration } from "@holdfast/discovery";
import { silentLog, systemRandom } from "@holdfast/kernel";
import { waitFor } from "@holdfast/testing";
import { type DeltaMessage, groupsOverrideBy, type InstanceRecord, SseDecoder } from "@holdfast/wire";
import { Cluster, clock } from "./cluster.ts";
import { recordOf } from "./records.ts";

/** Every status that a caller is ever told of the instances of `catalog`, in order. */
class Statuses implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(url: string) {
    this.#done = this.#read(`${url}/v1/registry/stream?app=catalog`).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #read(url: string): Promise<void> {
    const response = await fetch(url, { signal: this.#abort.signal });
    const decoder = new SseDecoder(({ event, data }) => {
      this.heard.push(event);
      for (const { status } of (JSON.parse(data) as Partial<DeltaMessage>).upserts ?? []) this.heard.push(status);
    });
    for await (const chunk of response.body ?? []) decoder.push(Buffer.from(chunk).toString("utf8"));
  }

  get statuses(): string[] {
    return this.heard.filter((word) => word === word.toUpperCase());
  }
}

function register(url: string, record: Omit<InstanceRecord, "version">): Registration {
  const outOfService = { by: groupsOverrideBy, reason: "movies-catalog-v001 is disabled" };
  const options = { registries: [url], outOfService, heartbeatMs: 300 };
  return new Registration(clock, systemRandom(), silentLog, options, record);
}

test("one launched out of service is UP to no caller of any registry, not for a moment, until that is taken back", async () => {
  for (let round = 0; round < 5; round++) {
    await using cluster = await Cluster.start(2);
    for (const index of [0, 1]) await waitFor("the peers", () => cluster.registry(index).synced);
    await using here = new Statuses(cluster.url(0));
    await using there = new Statuses(cluster.url(1));
    await waitFor("both streams", () => here.heard.length > 0 && there.heard.length > 0);
    const { version: _, ...record } = recordOf("i-1", { status: "STARTING" });
    const registration = register(cluster.url(0), record);
    try {
      await registration.start();
      await registration.setStatus("UP");
      for (const index of [0, 1]) {
        await waitFor("the account", () => cluster.registry(index).records("catalog")[0]?.status === "OUT_OF_SERVICE");
      }
      assert.equal(cluster.registry(0).overrides()[0]?.by, groupsOverrideBy);
      for (const { statuses } of [here, there]) assert.equal(statuses.includes("UP"), false, statuses.join());

      assert.equal(cluster.registry(1).clearOverride("catalog", "i-1", groupsOverrideBy), true);
      for (const caller of [here, there]) await waitFor("traffic", () => caller.statuses.at(-1) === "UP");
    } finally {
      registration.abandon();
    }
  }
});
