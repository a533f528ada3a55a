import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { InstanceRecord } from "@holdfast/wire";
import type { BalancedClient } from "./balanced-client.ts";

const refusal = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/** Passes an `Upgrade` (WebSocket) on to one server as a tunnel of bytes; 503 when no server takes it. */
export function forwardUpgrade(
  client: BalancedClient,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  service: string,
  path: string = req.url ?? "/",
): void {
  socket.on("error", () => socket.destroy());
  const target = pickOne(client, service);
  if (target === undefined) return void socket.end(refusal);
  const { localAddress, connectTimeoutMs } = client.options;
  const upstream = connect({
    host: target.address,
    port: target.port,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  upstream.setNoDelay(true);
  upstream.setTimeout(connectTimeoutMs, () => upstream.destroy(new Error("no connection")));
  upstream.once("connect", () => {
    upstream.setTimeout(0);
    const lines = [`${req.method} ${path} HTTP/1.1`];
    for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
    lines.push(`x-forwarded-for: ${req.socket.remoteAddress ?? ""}`);
    upstream.write(`${lines.join("\r\n")}\r\n\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on("error", () => {
    if (upstream.bytesRead === 0 && socket.writable) socket.end(refusal);
    else socket.destroy();
  });
  upstream.on("close", () => socket.end());
  socket.on("close", () => upstream.destroy());
}

function pickOne(client: BalancedClient, service: string): InstanceRecord | undefined {
  try {
    return client.pickOne(service);
  } catch {
    // Unknown is as good as gone for a tunnel.
    return undefined;
  }
}
