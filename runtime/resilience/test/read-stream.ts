import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { HystrixStreams } from "@holdfast/resilience";
import { waitFor } from "@holdfast/testing";
import type { World } from "./world.ts";

/** Reads a stream of `world` until `enough` says so; gives back the headers and the raw text. */
export async function readStream(
  world: World,
  path: keyof HystrixStreams,
  enough: (text: string) => boolean,
  meanwhile: () => Promise<void> = async () => {},
  streams: HystrixStreams = world.resilience.streams(),
): Promise<{ headers: IncomingMessage["headers"]; status: number | undefined; text: string }> {
  const server = createServer((req, res) => streams[path](req, res)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ port, host: "127.0.0.1", path });
  try {
    const response = await new Promise<IncomingMessage>((resolve) => outgoing.once("response", resolve).end());
    let text = "";
    response.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await meanwhile();
    await waitFor(path, () => enough(text));
    return { headers: response.headers, status: response.statusCode, text };
  } finally {
    outgoing.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The objects of a stream's text. */
export function objectsOf(text: string): Record<string, unknown>[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("data: "))
    .map((block) => JSON.parse(block.slice("data: ".length)) as Record<string, unknown>);
}
