import { type Log, type Random, silentLog } from "@holdfast/kernel";
import { RegistryServer, type ReplicateAnswer, type ReplicateCall } from "@holdfast/registry-server";
import { RegistryPaths } from "@holdfast/wire";
import type { EventQueue } from "./event-queue.ts";
import type { Machine, Process } from "./machine.ts";
import { SimRequest, SimResponse } from "./sim-http.ts";
import type { SimNetwork } from "./sim-network.ts";

export interface PlainCall {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

export interface PlainAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** One life of a registry. */
export interface RegistryLife {
  readonly server: RegistryServer;
  readonly process: Process;
  /** True time of its start. */
  readonly startedAtMs: number;
}

/** A machine that runs a registry: whole, with both its HTTP faces, on the machine's clock and the simulated network. */
export class RegistryNode {
  readonly machine: Machine;
  readonly #network: SimNetwork;
  readonly #random: Random;
  readonly #queue: EventQueue;
  readonly #others: () => readonly RegistryNode[];
  readonly #onLife: (node: RegistryNode, life: RegistryLife) => void;
  #life: RegistryLife | undefined;
  #exchanges = 0;
  #mostReplicas = 0;

  /** `onLife` hears of each start before anything happens in it. */
  constructor(
    machine: Machine,
    network: SimNetwork,
    random: Random,
    queue: EventQueue,
    others: () => readonly RegistryNode[],
    onLife: (node: RegistryNode, life: RegistryLife) => void,
  ) {
    this.machine = machine;
    this.#network = network;
    this.#random = random;
    this.#queue = queue;
    this.#others = others;
    this.#onLife = onLife;
  }

  get name(): string {
    return this.machine.name;
  }

  get url(): string {
    return `http://${this.name}`;
  }

  /** How often it has begun to exchange everything with a peer. */
  get exchanges(): number {
    return this.#exchanges;
  }

  /** The most it has said in one call. */
  get mostReplicas(): number {
    return this.#mostReplicas;
  }

  get life(): RegistryLife | undefined {
    return this.#life;
  }

  get registry(): RegistryServer["registry"] | undefined {
    return this.#life?.server.registry;
  }

  start(log: Log = silentLog): void {
    const process = this.machine.boot();
    const others = this.#others();
    const reach = (url: string): ReplicateCall => {
      const peer = others.find((other) => other.url === url);
      if (peer === undefined) throw new RangeError(`there is no registry at ${url}`);
      return this.#replicateTo(process, peer);
    };
    const settings = { name: this.name, zone: this.machine.zone, peers: others.map((other) => other.url) };
    const server = new RegistryServer(process, this.#random.child("life"), log, settings, undefined, { reach });
    this.#life = { server, process, startedAtMs: this.#queue.nowMs };
    this.#onLife(this, this.#life);
    void server.start();
  }

  /** `kill -9`, or the power is gone. */
  kill(): void {
    this.#life = undefined;
    this.machine.kill();
  }

  /** SIGTERM: sends its listeners away, says its last words, ends. */
  async shutDown(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    life.server.drain();
    await life.process.sleep(100);
    await life.server.close();
    if (this.#life === life) this.kill();
  }

  /** A request has come in over the network. */
  handle(call: PlainCall, done: (answer: PlainAnswer | undefined) => void): void {
    let [status, contentType, text] = [0, "", ""];
    // Lists for Eureka's clients are packed on another thread as soon as they are asked for.
    const release = call.method === "GET" && call.path.startsWith("/eureka") ? this.#queue.hold() : () => {};
    const response = new SimResponse({
      head: (code, type) => {
        [status, contentType] = [code, type];
      },
      text: (more) => {
        text += more;
      },
      end: (whole) => {
        release();
        done(whole ? { status, contentType, text } : undefined);
      },
    });
    this.handleInto(response, call);
  }

  /** As {@link handle}, into a response that need not end. */
  handleInto(response: SimResponse, { method, path, headers = {}, body }: PlainCall): void {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    // Packing happens on other threads, whose order is not ours.
    const { "accept-encoding": _, ...plain } = headers;
    const request = new SimRequest(method, path, { accept: "application/json", ...type, ...plain });
    this.#life?.server.handle(request.message, response.response);
    request.deliver(body);
  }

  /** What `httpReplicateCall` does, over the simulated network. */
  #replicateTo(from: Process, peer: RegistryNode): ReplicateCall {
    return (body, timeoutMs) =>
      new Promise<ReplicateAnswer>((resolve, reject) => {
        const sent = JSON.stringify(body);
        if (body.part?.index === 0) this.#exchanges += 1;
        this.#mostReplicas = Math.max(this.#mostReplicas, body.replicas.length);
        const timer = from.after(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
        const fail = (why: string): void => {
          timer.cancel();
          reject(new Error(why));
        };
        this.#network.call(
          from,
          peer.machine,
          (_process, reply) =>
            peer.handle({ method: "POST", path: RegistryPaths.replicate, body: sent }, (answer) =>
              reply(() => {
                if (answer?.status !== 200) return fail(`answered ${answer?.status}: ${answer?.text}`);
                timer.cancel();
                resolve(JSON.parse(answer.text) as ReplicateAnswer);
              }),
            ),
          () => fail("connection refused"),
        );
      });
  }
}
