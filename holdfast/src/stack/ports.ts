import { createServer, type Server } from "node:net";
import { addressOf, codeOf, hash32, PlatformError, type Random, reservedHosts, type Zone } from "@holdfast/kernel";
import { operatorAddress, type PortName } from "@holdfast/wire";
import { holdersOf } from "./port-holder.ts";

export type StackPorts = Readonly<Record<PortName, number>>;
export const portNames: readonly PortName[] = ["edge", "console", "registry", "otlp"];

/** `free`, or the system's reason why one cannot listen there (`EADDRINUSE`, `EACCES` …). */
export async function probePort(address: string, port: number): Promise<string> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", (error) => resolve(codeOf(error)));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve("free")));
  });
}

/**
 * Checks that the ports people use can be opened. A port held by a process of this stack that still runs is fine.
 *
 * @throws PlatformError `PORT_TAKEN`, naming the process and the two ways out, or `PORT_NOT_PERMITTED`.
 */
export async function checkPorts(ports: StackPorts, ownPids: ReadonlySet<number>): Promise<void> {
  const faults: PlatformError[] = [];
  for (const name of portNames) {
    const port = ports[name];
    const state = await probePort(operatorAddress, port);
    if (state === "free") continue;
    if (state === "EACCES") {
      throw new PlatformError("PORT_NOT_PERMITTED", `port ${port} (${name}): this user may not open it`, {
        next: `holdfast up --port ${name}=${port + 8000}`,
      });
    }
    const holders = holdersOf(operatorAddress, port);
    if (holders.length > 0 && holders.every((holder) => ownPids.has(holder.pid))) continue;
    const who =
      holders.map((holder) => `pid ${holder.pid} (${holder.command})`).join(", ") || "a process that cannot be seen";
    faults.push(
      new PlatformError("PORT_TAKEN", `port ${port} (${name}) is in use by ${who}`, {
        next: `holdfast up --port ${name}=${port + 1}   or   holdfast up --isolated`,
        details: { name, port, holders },
      }),
    );
  }
  const [first] = faults;
  if (first === undefined) return;
  if (faults.length === 1) throw first;
  const options = faults.map((fault) => `--port ${String(fault.details["name"])}=${Number(fault.details["port"]) + 1}`);
  throw new PlatformError("PORT_TAKEN", faults.map((fault) => fault.message).join("; "), {
    next: `holdfast up ${options.join(" ")}   or   holdfast up --isolated`,
  });
}

/** Ports for people that are free now, below the ephemeral range, for stacks that must not meet another one's. */
export async function freePorts(random: Random): Promise<StackPorts> {
  const found: number[] = [];
  for (let tries = 0; found.length < portNames.length && tries < 500; tries++) {
    const port = 30_000 + random.below(2_700);
    if (!found.includes(port) && (await probePort(operatorAddress, port)) === "free") found.push(port);
  }
  const [edge, console, registry, otlp] = found;
  if (edge === undefined || console === undefined || registry === undefined || otlp === undefined) {
    throw new PlatformError("PORT_TAKEN", "ports 30000–32700: four free ones were not found", {
      next: "stop other stacks: holdfast down",
    });
  }
  return { edge, console, registry, otlp };
}

const blockCount = 20;

/** A stack's block of 1,000 ports, and the socket that keeps other stacks from choosing it at the same moment. */
export interface PortBlock {
  readonly base: number;
  release(): void;
}

/**
 * Takes the block that the state directory's hash points to, or the next whose registry ports are free.
 *
 * @param kept the block of this state directory's last run; taken again, unless others have its ports now.
 * @throws PlatformError `PORT_TAKEN` when all 20 blocks are in use.
 */
export async function takePortBlock(
  stateDirectory: string,
  zones: readonly Zone[],
  kept: number | undefined,
  ownPids: ReadonlySet<number>,
): Promise<PortBlock> {
  const first = hash32(stateDirectory) % blockCount;
  const hashed = Array.from({ length: blockCount }, (_, i) => 10_000 + ((first + i) % blockCount) * 1_000);
  for (const base of kept === undefined ? hashed : [kept, ...hashed]) {
    const guard = await guardBlock(base);
    if (guard === undefined) continue;
    if (await registryPortsFree(base, zones, ownPids)) return { base, release: () => guard.close() };
    guard.close();
  }
  throw new PlatformError("PORT_TAKEN", "ports 10000–29999: all 20 blocks are in use by other stacks", {
    next: "stop one of them: holdfast down",
  });
}

async function registryPortsFree(base: number, zones: readonly Zone[], ownPids: ReadonlySet<number>): Promise<boolean> {
  for (const [index, zone] of zones.entries()) {
    const address = addressOf(zone, reservedHosts.registry);
    if ((await probePort(address, base + index)) === "free") continue;
    const holders = holdersOf(address, base + index);
    if (holders.length === 0 || !holders.every((holder) => ownPids.has(holder.pid))) return false;
  }
  return true;
}

/** An abstract Unix socket: it vanishes with its process and lies in no directory. Other systems go without. */
async function guardBlock(base: number): Promise<Server | undefined> {
  const server = createServer();
  if (process.platform !== "linux") return server;
  return await new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ path: `\0holdfast-ports-${base}` }, () => {
      server.unref();
      resolve(server);
    });
  });
}
