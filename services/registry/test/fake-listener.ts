import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import type { DeltaMessage, SnapshotMessage } from "@holdfast/wire";

export interface Frame {
  readonly event: "snapshot" | "delta";
  readonly id: string;
  readonly data: SnapshotMessage & DeltaMessage;
}

/** The far end of a stream without a socket: reads at once, or not at all. */
export class FakeListener extends Writable {
  status = 0;
  text = "";
  #reads: boolean;
  #unread: (() => void)[] = [];

  constructor(reads = true) {
    // What lies unread counts, as with a socket.
    super({ decodeStrings: false, highWaterMark: 16 * 1024 });
    this.#reads = reads;
  }

  /** As the hub sees it. */
  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  writeHead(status: number): this {
    this.status = status;
    return this;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    if (this.#reads) done();
    else this.#unread.push(done);
  }

  /** Reads on. */
  read(): void {
    this.#reads = true;
    for (const done of this.#unread.splice(0)) done();
  }

  /** Those that have come whole. */
  get frames(): Frame[] {
    return this.text
      .split("\n\n")
      .slice(0, -1)
      .filter((block) => block.startsWith("event:"))
      .map((block) => {
        const [event = "", id = "", data = "null"] = block.split("\n").map((line) => line.slice(line.indexOf(" ") + 1));
        return { event, id, data: JSON.parse(data) } as Frame;
      });
  }

  /** `app/id version status` of all that it knows by now, sorted. */
  get view(): string[] {
    const known = new Map<string, string>();
    for (const { event, data } of this.frames) {
      if (event === "snapshot") known.clear();
      for (const record of event === "snapshot" ? data.instances : data.upserts) {
        known.set(`${record.app}/${record.id}`, `${record.version} ${record.status}`);
      }
      for (const { app, id } of event === "snapshot" ? [] : data.removals) known.delete(`${app}/${id}`);
    }
    return Array.from(known, ([key, what]) => `${key} ${what}`).sort();
  }

  /** By which it acknowledges. */
  get id(): string {
    for (const { data } of this.frames) {
      const { listener } = data;
      if (typeof listener === "string") return listener;
    }
    return "";
  }
}
