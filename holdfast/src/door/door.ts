import { readdirSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type Clock, codeOf, type Log } from "@holdfast/kernel";
import type { DoorSettings } from "@holdfast/wire";

type Listener = DoorSettings["listeners"][number];

/** The sockets behind are looked for so often at most; those that refuse are left out at once. */
const lookAfterMs = 250;
/** With nobody behind, a caller waits so long for somebody before it is let go. */
const patienceMs = 2_000;
const tryAgainMs = 50;

/**
 * Lets people into a stack whose network is its own: takes connections on the operator's address and passes their bytes on to Unix
 * sockets, which cross networks. Knows nothing of what is said; one that is dead behind costs a caller nothing.
 */
export class Door {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #servers: Server[] = [];
  readonly #open = new Set<Socket>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Opens all listeners; two doors share the ports where the system lets them. */
  async listen({ listeners }: DoorSettings, reusePort: boolean): Promise<number[]> {
    const ports: number[] = [];
    for (const listener of listeners) ports.push(await this.#listen(listener, reusePort));
    return ports;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#open) socket.destroy();
  }

  #listen(listener: Listener, reusePort: boolean): Promise<number> {
    const behind = new Behind(this.#clock, listener);
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (caller) => {
      this.#keep(caller);
      void this.#pass(caller, behind);
    });
    server.on("error", (error) => this.#log.warn("door.listener", { port: listener.port, error }));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: listener.address, port: listener.port, reusePort, backlog: 511 }, () => {
        server.off("error", reject);
        const bound = server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : listener.port);
      });
    });
  }

  async #pass(caller: Socket, behind: Behind): Promise<void> {
    const endMs = this.#clock.monotonicMs() + patienceMs;
    for (;;) {
      const server = await behind.connect();
      if (caller.destroyed) return void server?.destroy();
      if (server !== undefined) return this.#join(caller, server);
      if (this.#clock.monotonicMs() >= endMs) return void caller.destroy();
      await this.#clock.sleep(tryAgainMs);
    }
  }

  #join(caller: Socket, server: Socket): void {
    this.#keep(server);
    caller.on("close", () => server.destroy());
    server.on("close", () => caller.destroy());
    caller.pipe(server);
    server.pipe(caller);
    caller.resume();
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    // Its end is told by the `close` that follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#open.delete(socket));
  }
}

/** The sockets behind one listener, asked in turn. */
class Behind {
  readonly #clock: Clock;
  readonly #listener: Listener;
  #paths: string[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #turn = 0;

  constructor(clock: Clock, listener: Listener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** `undefined` when none takes a connection now. */
  async connect(): Promise<Socket | undefined> {
    this.#look();
    for (let tries = this.#paths.length; tries > 0 && this.#paths.length > 0; tries--) {
      const path = this.#paths[this.#turn++ % this.#paths.length];
      if (path === undefined) return undefined;
      const socket = await connected(path);
      if (typeof socket !== "string") return socket;
      this.#paths = this.#paths.filter((other) => other !== path);
      // Nobody listens there, and nobody will: a socket's file outlives the process that was killed.
      if (socket === "ECONNREFUSED") forget(path);
    }
    return undefined;
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < lookAfterMs && this.#paths.length > 0) return;
    this.#lookedAtMs = nowMs;
    const { directory, prefix } = this.#listener;
    try {
      const names = readdirSync(directory).filter((name) => name.startsWith(prefix) && name.endsWith(".sock"));
      this.#paths = names.toSorted().map((name) => join(directory, name));
    } catch {
      this.#paths = [];
    }
  }
}

/** The code of the failure, where there is one. */
function connected(path: string): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error) => resolve(codeOf(error)));
  });
}

function forget(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another door was quicker.
  }
}
