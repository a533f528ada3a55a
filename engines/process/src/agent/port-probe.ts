import { createServer } from "node:net";
import { codeOf, messageOf } from "@holdfast/kernel";
import type { LaunchSpec } from "@holdfast/wire";
import { ownerOfPort } from "../system/sockets.ts";

export interface PortProblem {
  readonly reasonCode: "PORT_TAKEN" | "ADDRESS_UNAVAILABLE" | "PORT_NOT_ALLOWED";
  readonly reason: string;
}

/** Tries to listen where the instance will, for a moment. `undefined` when nothing is in its way. */
export async function probePorts(spec: LaunchSpec): Promise<PortProblem | undefined> {
  // Two balancers share the operator's ports on purpose (SO_REUSEPORT).
  const ports = spec.kind === "balancer" ? [spec.adminPort] : [spec.port, spec.adminPort];
  for (const port of ports) {
    const problem = await probePort(spec.address, port);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

async function probePort(address: string, port: number): Promise<PortProblem | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port, exclusive: true }, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    return explain(address, port, error);
  }
}

function explain(address: string, port: number, error: unknown): PortProblem {
  const where = `${address}:${port}`;
  switch (codeOf(error)) {
    case "EADDRINUSE": {
      const owner = ownerOfPort(address, port);
      const by = owner === undefined ? "another process" : `process ${owner.pid} (${owner.command})`;
      return { reasonCode: "PORT_TAKEN", reason: `port ${where} is taken by ${by}` };
    }
    case "EADDRNOTAVAIL":
      return { reasonCode: "ADDRESS_UNAVAILABLE", reason: `address ${address} does not exist on this machine` };
    default:
      return { reasonCode: "PORT_NOT_ALLOWED", reason: `${where} cannot be listened on: ${messageOf(error)}` };
  }
}
