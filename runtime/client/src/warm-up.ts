import { Agent, createServer, type RequestListener, request, type Server } from "node:http";
import { staticServers } from "@holdfast/discovery";
import { type Clock, type InstanceId, type Random } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";
import { BalancedClient } from "./balanced-client.ts";

/** Requests until the code of the proxy is compiled well enough; more bring little (measured on the gateway). */
const requests = 100;
const inParallel = 5;
const maxMs = 1_500;
const page = Buffer.alloc(2_048, "a");

/**
 * Passes requests to itself over a private loopback port before the first caller comes, so that the proxy's code is compiled
 * and not interpreted when a cold process is put under full load: the first hundreds of requests of a cold proxy cost three
 * times the CPU of later ones. Calls nobody else; ends after 1.5 s at the latest, and whatever fails here fails alone.
 */
export async function warmUpForward(clock: Clock, random: Random): Promise<void> {
  const upstream = createServer((_req, res) =>
    res.writeHead(200, { "content-type": "text/plain", "content-length": page.length }).end(page),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: inParallel });
  let client: BalancedClient | undefined;
  let front: Server | undefined;
  try {
    const port = await listen(upstream);
    const made = new BalancedClient(staticServers({ self: [recordOf(port)] }), clock, random, {});
    client = made;
    const options = { service: "self", timeoutMs: 1_000, requestBytesMax: 1_024, holdBackBytes: 262_144 };
    const handler: RequestListener = (req, res) => void made.forward(req, res, options);
    front = createServer(handler);
    const frontPort = await listen(front);
    const endAtMs = clock.monotonicMs() + maxMs;
    let left = requests;
    const worker = async (): Promise<void> => {
      while (left-- > 0 && clock.monotonicMs() < endAtMs) await ask(agent, frontPort);
    };
    await Promise.all(Array.from({ length: inParallel }, worker));
  } catch {
    // A process that cannot warm up is cold, not broken.
  } finally {
    agent.destroy();
    for (const server of [upstream, front]) {
      server?.closeAllConnections();
      server?.close();
    }
    await client?.close();
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : 0);
    });
  });
}

function ask(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, agent, path: "/" }, (response) => {
      response.on("data", () => {});
      response.on("end", resolve);
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end();
  });
}

function recordOf(port: number): InstanceRecord {
  return {
    app: "self",
    id: "i-self" as InstanceId,
    incarnation: 1,
    version: 1,
    status: "UP",
    region: "none",
    zone: "none",
    address: "127.0.0.1",
    port,
    application: "none",
    cluster: "self",
    serverGroup: "self",
    verifiesIdentity: false,
    metadata: {},
  };
}
