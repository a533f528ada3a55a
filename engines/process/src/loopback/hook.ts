import { isIP, Socket } from "node:net";
import type { Clock, Random, Timer } from "@holdfast/kernel";
import { lookupWith, optionsOf, ownPlace } from "./connect-options.ts";
import { HeldWay } from "./held-way.ts";
import { type HookRules, open, type Way, wayOf } from "./rules.ts";

type Push = Socket["push"];
type Connect = (this: Socket, ...args: unknown[]) => Socket;
/** Node's own way of writing to its handle; of sockets alone, and the same since Node 8. */
type WriteGeneric = (writev: boolean, data: unknown, encoding: string, done: (error?: Error | null) => void) => void;

/** What is replaced of sockets. */
interface Inside {
  connect: unknown;
  _writeGeneric: WriteGeneric;
}
const inside = Socket.prototype as unknown as Inside;

/** One connection of ours to an instance of the stack, and what becomes of what goes over it. */
interface Link {
  readonly socket: Socket;
  /** Where it leads; which address stands for that is known only while a fault is in force. */
  readonly host: string;
  readonly port: string;
  out: Way;
  back: Way;
  outLine: HeldWay | undefined;
  backLine: HeldWay | undefined;
  /** What is to be done when a connection that was not made may be. */
  connect: (() => void) | undefined;
}

/**
 * Simulates faults of the network inside of a program: its own connections to other instances, in both directions. With no fault
 * in force it keeps a list of those connections and does nothing else.
 *
 * What a kernel would do and this does not: packets of programs without it are not concerned, and a connection that the
 * other side resets during a partition is reset.
 */
export class FaultHook {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #host: string;
  readonly #port: string;
  readonly #links = new Map<Socket, Link>();
  readonly #connect = inside.connect as Connect;
  readonly #write = inside._writeGeneric;
  #rules: HookRules = { faults: [], places: {} };
  #until: Timer | undefined;

  /** Address and port that this program serves at. */
  constructor(clock: Clock, random: Random, host: string, port: string) {
    this.#clock = clock;
    this.#random = random;
    this.#host = host;
    this.#port = port;
  }

  /** Puts itself between all sockets of the program and the system. */
  install(): void {
    const connect = this.#connect;
    const write = this.#write;
    const lineOf = (socket: Socket): HeldWay | undefined => this.#links.get(socket)?.outLine;
    const begin = (socket: Socket, to: Target, go: () => void): Socket => this.#begin(socket, to, go);
    inside.connect = function (this: Socket, ...args: unknown[]): Socket {
      const { options, rest } = optionsOf(args);
      const { host, port } = options;
      if (typeof host !== "string") return connect.apply(this, args);
      if (isIP(host) === 0)
        options.lookup = lookupWith(options.lookup, (found, go) =>
          begin(this, { host: found, port: String(port) }, go),
        );
      else if (ownPlace.test(host)) return begin(this, { host, port: String(port) }, () => connect.apply(this, rest));
      return connect.apply(this, rest);
    };
    inside._writeGeneric = function (this: Socket, writev, data, encoding, done): void {
      const line = lineOf(this);
      if (line === undefined || this.connecting) return write.call(this, writev, data, encoding, done);
      line.send(bytesOf(writev, data), () => {
        if (this.destroyed) done(new Error("the connection is closed"));
        else write.call(this, writev, data, encoding, done);
      });
    };
  }

  /** Gives the program its sockets back. */
  remove(): void {
    inside.connect = this.#connect;
    inside._writeGeneric = this.#write;
    this.#until?.cancel();
    for (const link of this.#links.values()) this.#apply(link, open, open);
    this.#links.clear();
  }

  /** The address that stands for this program. */
  get #own(): string {
    return this.#rules.places[this.#port] ?? this.#host;
  }

  /** Connections to other instances that are watched. */
  get connections(): number {
    return this.#links.size;
  }

  /** What is in force from now on. */
  follow(rules: HookRules): void {
    this.#rules = rules;
    this.#look();
  }

  #look(): void {
    this.#until?.cancel();
    this.#until = undefined;
    const nowMs = this.#clock.wallMs();
    for (const link of this.#links.values()) this.#judge(link, nowMs);
    const ends = this.#rules.faults.map(({ untilMs }) => untilMs - nowMs).filter((ms) => ms > 0);
    // `every` keeps no process alive.
    if (ends.length > 0) this.#until = this.#clock.every(Math.max(1, Math.min(...ends)), () => this.#look());
  }

  #judge(link: Link, nowMs: number): void {
    this.#apply(link, ...this.#waysTo(link, nowMs));
  }

  #apply(link: Link, out: Way, back: Way): void {
    if (out.isRefused || back.isRefused) return this.#refuse(link);
    link.out = out;
    link.back = back;
    if (out !== open && link.outLine === undefined) link.outLine = new HeldWay(this.#clock, this.#random, out);
    link.outLine?.change(out);
    if (out === open && link.outLine?.isEmpty === true) link.outLine = undefined;
    if (back !== open && link.backLine === undefined) this.#holdBack(link, back);
    link.backLine?.change(back);
    if (!out.isCut && !back.isCut) {
      const { connect } = link;
      link.connect = undefined;
      connect?.();
    }
  }

  #begin(socket: Socket, to: Target, connect: () => void): Socket {
    const link: Link = {
      socket,
      ...to,
      out: open,
      back: open,
      outLine: undefined,
      backLine: undefined,
      connect: undefined,
    };
    this.#links.set(socket, link);
    socket.once("close", () => {
      this.#links.delete(socket);
      link.outLine?.end();
      link.backLine?.end();
      link.connect = undefined;
    });
    if (this.#rules.faults.length === 0) {
      connect();
      return socket;
    }
    const nowMs = this.#clock.wallMs();
    const [out, back] = this.#waysTo(to, nowMs);
    if (out === open && back === open) {
      connect();
      return socket;
    }
    // As long as it is not connected the program waits, and may give up.
    Object.assign(socket, { connecting: true });
    const handshakeMs = out.delayMs + back.delayMs;
    link.connect = () => {
      if (socket.destroyed) return;
      if (handshakeMs === 0) return connect();
      this.#clock.after(handshakeMs, () => {
        if (!socket.destroyed) connect();
      });
    };
    // Not before our caller has its socket.
    this.#clock.after(0, () => this.#links.has(socket) && this.#judge(link, this.#clock.wallMs()));
    return socket;
  }

  /** What arrives comes out of a line instead: `push` is where Node hands over what it has read. */
  #holdBack(link: Link, way: Way): void {
    const line = new HeldWay(this.#clock, this.#random, way);
    link.backLine = line;
    const { socket } = link;
    const push: Push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
      if (link.back === open && line.isEmpty) return push(chunk, encoding);
      line.send(chunk === null ? 0 : chunk.length, () => {
        if (!socket.destroyed) push(chunk, encoding);
      });
      return true;
    };
  }

  #refuse({ socket, connect }: Link): void {
    const isNew = connect !== undefined || socket.connecting;
    const code = isNew ? "ECONNREFUSED" : "ECONNRESET";
    const text = isNew ? "connect ECONNREFUSED" : "read ECONNRESET";
    socket.destroy(
      Object.assign(new Error(`${text} (a fault that is in force)`), { code, syscall: isNew ? "connect" : "read" }),
    );
  }

  /** What becomes of what goes there, and of what comes from there. */
  #waysTo({ host, port }: Target, nowMs: number): [out: Way, back: Way] {
    const [own, place] = [this.#own, this.#rules.places[port] ?? host];
    if (place === own) return [open, open];
    return [wayOf(this.#rules, own, place, nowMs), wayOf(this.#rules, place, own, nowMs)];
  }
}

interface Target {
  readonly host: string;
  readonly port: string;
}

function bytesOf(writev: boolean, data: unknown): number {
  if (!writev) return typeof data === "string" || Buffer.isBuffer(data) ? data.length : 0;
  let bytes = 0;
  for (const entry of data as readonly { readonly chunk: string | Buffer }[]) bytes += entry.chunk.length;
  return bytes;
}
