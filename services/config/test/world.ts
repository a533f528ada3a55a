import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { silentLog } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import {
  type ConfigChange,
  type ConfigSnapshot,
  type DeploymentContext,
  type ServedProperty,
  SseDecoder,
} from "@holdfast/wire";
import { ConfigServer } from "../src/config-server.ts";
import { type ConfigSink, KeyRing, MemoryConfigStore, normalScope } from "../src/index.ts";
import type { FigureSource, FigureWatch, GateInstance } from "../src/stage/figures.ts";

/** Instances as a test wants them, and what each does from now on. */
export class FakeFigures implements FigureSource {
  readonly fleet = new Map<
    string,
    { zone: string; requests: number; errors: number; p99Ms: number; unwell: boolean }
  >();
  watches = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  instances(): GateInstance[] {
    return Array.from(this.fleet, ([id, { zone, unwell }]) => ({
      context: normalScope({ serverId: id, zone, appId: "movies" }),
      unwellSinceMs: unwell ? this.#clock.wallMs() : null,
    }));
  }

  before(): { requests: number; errors: number; p99Ms: number | null } {
    return { requests: 0, errors: 0, p99Ms: null };
  }

  async look(): Promise<void> {}

  watch(): FigureWatch {
    this.watches += 1;
    return {
      since: (ids) => {
        const all = [...this.fleet].filter(([id]) => ids.has(id)).map(([, figures]) => figures);
        return {
          requests: all.reduce((sum, { requests }) => sum + requests, 0),
          errors: all.reduce((sum, { errors }) => sum + errors, 0),
          p99Ms: all.length === 0 ? null : Math.max(...all.map(({ p99Ms }) => p99Ms)),
        };
      },
      close: () => {
        this.watches -= 1;
      },
    };
  }
}

/** A process as the server sees it: keeps what it was told as a client would. */
export class FakeProcess implements ConfigSink {
  readonly values = new Map<string, ServedProperty>();
  readonly changes: ConfigChange[] = [];
  readonly chunks: Uint8Array[] = [];
  text = "";
  behind = 0;
  dropped = false;
  readonly #decoder = new SseDecoder(({ event, data }) => {
    if (event === "snapshot") {
      for (const property of (JSON.parse(data) as ConfigSnapshot).properties) this.values.set(property.key, property);
      return;
    }
    const change: ConfigChange = JSON.parse(data);
    this.changes.push(change);
    for (const property of change.set) this.values.set(property.key, property);
    for (const key of change.removed) this.values.delete(key);
  });

  write(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    const text = Buffer.from(bytes).toString("utf8");
    this.text += text;
    this.#decoder.push(text);
  }

  drop(): void {
    this.dropped = true;
  }

  value(key: string): string | undefined {
    return this.values.get(key)?.value;
  }
}

export interface World {
  readonly clock: FakeClock;
  readonly figures: FakeFigures;
  readonly store: MemoryConfigStore;
  readonly keysFile: string;
  readonly server: ConfigServer;
  /** Another life of the server on the same store. */
  readonly open: () => Promise<ConfigServer>;
  readonly listen: (context: DeploymentContext) => FakeProcess;
  readonly seconds: (count: number) => Promise<void>;
}

export async function makeWorld(t: TestContext): Promise<World> {
  const clock = new FakeClock();
  const figures = new FakeFigures(clock);
  const store = new MemoryConfigStore("epoch-1");
  const directory = mkdtempSync(join(tmpdir(), "holdfast-config-"));
  const keysFile = join(directory, "config-keys.json");
  let ids = 0;
  const newId = (): string => String(++ids);
  const lives: ConfigServer[] = [];
  const open = async (): Promise<ConfigServer> => {
    const keys = new KeyRing(keysFile);
    const parts = { clock, log: silentLog, store, keys, figures, newId };
    const server = ConfigServer.of(parts, await store.open());
    lives.push(server);
    return server;
  };
  t.after(async () => {
    for (const life of lives) await life.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const server = await open();
  return {
    clock,
    figures,
    store,
    keysFile,
    server,
    open,
    listen: (context) => {
      const listener = new FakeProcess();
      server.streams.add(normalScope(context), listener);
      return listener;
    },
    seconds: async (count) => {
      for (let i = 0; i < count; i++) await clock.advance(1_000);
    },
  };
}

export const told = { author: "ann", reason: "because" };
