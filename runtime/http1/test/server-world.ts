import type { TestContext } from "node:test";
import { Exchange, type GivenServerOptions, Http1Server } from "@holdfast/http1";
import { FakeClock } from "@holdfast/testing";
import { RawClient } from "./raw-client.ts";

export interface ServerWorld {
  readonly server: Http1Server;
  readonly clock: FakeClock;
  readonly port: number;
  /** Requests that were handed out: method and target. */
  readonly seen: string[];
  readonly client: () => Promise<RawClient>;
}

/** A server on loopback with its own time; answers each request with what it read, unless `answer` does. */
export async function serverWorld(
  t: TestContext,
  options: GivenServerOptions = {},
  answer: (exchange: Exchange) => void = echo,
): Promise<ServerWorld> {
  const clock = new FakeClock();
  const seen: string[] = [];
  const server = new Http1Server(
    clock,
    (exchange) => {
      seen.push(`${exchange.request.method} ${exchange.request.target}`);
      answer(exchange);
    },
    options,
  );
  const port = await server.listen({ port: 0, host: "127.0.0.1" });
  const clients: RawClient[] = [];
  t.after(async () => {
    for (const client of clients) client.socket.destroy();
    const closed = server.close({ graceMs: 1 });
    await clock.advance(1);
    await closed;
  });
  const client = async (): Promise<RawClient> => {
    const one = await RawClient.to(port);
    clients.push(one);
    return one;
  };
  return { server, clock, port, seen, client };
}

/** Answers with method, target, body and trailers. */
export function echo(exchange: Exchange): void {
  const { method, target } = exchange.request;
  let body = "";
  exchange.takeBody(
    {
      data: (piece) => {
        body += piece.toString("latin1");
        return true;
      },
      end: (trailers) => exchange.respond(200, undefined, JSON.stringify([method, target, body, ...(trailers ?? [])])),
      failed: () => undefined,
    },
    true,
  );
}

/** The bodies of answers that stand one behind the other. */
export function bodiesOf(received: string): string[] {
  return [...received.matchAll(/\r\n\r\n(\[.*?\])(?=HTTP|$)/gs)].map(([, body]) => body ?? "");
}
