import type { StreamCall, StreamEvents } from "@holdfast/discovery";
import type { Process } from "./machine.ts";
import type { RegistryNode } from "./registry-node.ts";
import { SimResponse } from "./sim-http.ts";
import type { SimNetwork } from "./sim-network.ts";

/** What TCP does with what does not get through: tries again so often, … */
const resendMs = 400;
/** … and gives the connection up after so long. */
const giveUpMs = 20_000;

type Item =
  | { readonly kind: "head"; readonly status: number; readonly contentType: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "end"; readonly whole: boolean };

/** One long answer on its way: whatever is written arrives in order, however late, or the connection ends. */
class SimStream {
  readonly #client: Process;
  readonly #network: SimNetwork;
  readonly #node: RegistryNode;
  readonly #events: StreamEvents;
  readonly #items: Item[] = [];
  #response: SimResponse | undefined;
  #server: Process | undefined;
  /** What runs the pump: the registry's own machine may stand still, its network does not. */
  #pumping = false;
  #stuckMs = 0;
  #closed = false;

  constructor(client: Process, network: SimNetwork, node: RegistryNode, events: StreamEvents) {
    this.#client = client;
    this.#network = network;
    this.#node = node;
    this.#events = events;
  }

  open(call: StreamCall): void {
    const { machine } = this.#node;
    this.#client.onEnd(() => this.#leave());
    this.#network.call(
      this.#client,
      machine,
      (process, reply) => {
        reply(undefined);
        // A second copy of the request is a stream that nobody reads.
        if (this.#closed || this.#server !== undefined) return;
        this.#server = process;
        process.onEnd(() => this.#cutBy());
        this.#response = new SimResponse({
          head: (status, contentType) => this.#put({ kind: "head", status, contentType }),
          text: (text) => this.#put({ kind: "text", text }),
          end: (whole) => this.#put({ kind: "end", whole }),
        });
        const path = call.url.pathname + call.url.search;
        this.#node.handleInto(this.#response, { method: "GET", path, headers: call.headers });
      },
      () => this.#finish(new Error("connection refused")),
    );
  }

  /** The client goes away: the registry hears of it when it can. */
  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.streams.delete(this);
    this.#leave();
  }

  /** The connection breaks, for both. */
  reset(): void {
    this.#leave();
    this.#client.receive(() => this.#finish(new Error("connection reset")));
  }

  #leave(): void {
    const { machine } = this.#node;
    this.#network.later(this.#client.machine, machine, () => {
      this.#server?.receive(() => this.#response?.destroy());
    });
  }

  /** The registry's process is gone: its machine says so, if it can be heard. */
  #cutBy(): void {
    this.#network.later(this.#node.machine, this.#client.machine, () => {
      this.#client.receive(() => this.#finish(new Error("connection reset")));
    });
  }

  #put(item: Item): void {
    this.#items.push(item);
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump();
  }

  #pump(): void {
    const { machine } = this.#node;
    this.#network.after(this.#network.delayMs(machine, this.#client.machine), () => {
      // What was written meanwhile comes with it: it is one connection.
      if (!this.#network.canCall(this.#client.machine, machine) || this.#client.machine.isStill) return this.#stuck();
      this.#stuckMs = 0;
      const items = this.#items.splice(0);
      // Nobody is there to read it: the client's machine says so.
      if (this.#closed) this.#leave();
      this.#pumping = false;
      this.#client.receive(() => {
        for (const item of items) this.#take(item);
      });
      const read = items.reduce((sum, item) => sum + (item.kind === "text" ? item.text.length : 0), 0);
      if (read > 0) this.#server?.receive(() => this.#response?.drained(read));
    });
  }

  #stuck(): void {
    this.#stuckMs += resendMs;
    // A host that stands still keeps its connections: its kernel acknowledges.
    if (this.#stuckMs > giveUpMs && !this.#client.machine.isStill) {
      this.#server?.receive(() => this.#response?.destroy());
      return;
    }
    this.#network.after(resendMs, () => this.#pump());
  }

  #take(item: Item): void {
    if (this.#closed) return;
    if (item.kind === "head") this.#events.onHead(item.status, item.contentType);
    else if (item.kind === "text") this.#events.onText(item.text);
    else this.#finish(item.whole ? undefined : new Error("connection reset"));
  }

  #finish(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.streams.delete(this);
    this.#events.onClose(error);
  }
}

/** Opens a stream over the simulated network. */
export function openSimStream(
  client: Process,
  network: SimNetwork,
  node: RegistryNode,
  call: StreamCall,
  events: StreamEvents,
): { destroy(): void } {
  const stream = new SimStream(client, network, node, events);
  network.streams.add(stream);
  network.opened.set(client.machine, (network.opened.get(client.machine) ?? 0) + 1);
  stream.open(call);
  return stream;
}
