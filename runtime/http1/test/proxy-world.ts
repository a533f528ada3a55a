import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import {
  Exchange,
  type ForwardOptions,
  forward,
  type GivenOriginOptions,
  type GivenServerOptions,
  type Origin,
  OriginPool,
} from "@holdfast/http1";
import { FakeClock } from "@holdfast/testing";
import { type ServerWorld, serverWorld } from "./server-world.ts";

export interface ProxyWorld extends ServerWorld {
  readonly origin: Origin;
  readonly pool: OriginPool;
  /** Moves the origin side's time. */
  readonly originClock: FakeClock;
}

/** A server that forwards all to the origin on `originPort`. */
export async function proxyWorld(
  t: TestContext,
  originPort: number,
  given: { server?: GivenServerOptions; pool?: GivenOriginOptions; forward?: ForwardOptions } = {},
  onExchange: (exchange: Exchange) => void = () => undefined,
): Promise<ProxyWorld> {
  const originClock = new FakeClock();
  const pool = new OriginPool(originClock, given.pool);
  const origin = pool.origin("127.0.0.1", originPort);
  t.after(() => pool.close());
  const world = await serverWorld(t, given.server, (exchange) => {
    onExchange(exchange);
    forward(exchange, origin, { via: "", ...given.forward });
  });
  return { ...world, origin, pool, originClock };
}

/** An origin that is told, connection by connection, what to send. Keeps all it received. */
export interface RawOrigin {
  readonly port: number;
  readonly sockets: Socket[];
  /** All bytes that came, by connection. */
  readonly received: string[];
}

/** Each time a connection has received something, `answer` is asked what to send. */
export async function rawOrigin(
  t: TestContext,
  answer: (received: string, socket: Socket) => string | undefined,
): Promise<RawOrigin> {
  const sockets: Socket[] = [];
  const received: string[] = [];
  const server: Server = createServer({ noDelay: true }, (socket) => {
    const at = sockets.push(socket) - 1;
    received.push("");
    let fresh = "";
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      const text = data.toString("latin1");
      received[at] += text;
      fresh += text;
      const sent = answer(fresh, socket);
      if (sent === undefined) return;
      fresh = "";
      if (!socket.destroyed) socket.write(sent, "latin1");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const bound = server.address();
  return { port: typeof bound === "object" && bound !== null ? bound.port : 0, sockets, received };
}

/** Answers once a request's head has come. */
export function onHead(answer: string): (received: string) => string | undefined {
  return (received) => (received.includes("\r\n\r\n") ? answer : undefined);
}
