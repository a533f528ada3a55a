import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";

const program = join(import.meta.dirname, "server.mjs");

/** What a server does: answers 200 at once, 500, 503, 200 after 300 ms, or resets each connection. */
export type ServerMode = "ok" | "500" | "503" | "slow" | "reset";

export interface Servers extends AsyncDisposable {
  readonly ports: readonly number[];
  /** Requests each has got, by its own count. */
  counts(): Promise<readonly number[]>;
}

/** So many servers in a process of their own, on loopback. */
export async function startServers(count: number, mode: ServerMode): Promise<Servers> {
  const child = fork(program, [String(count), mode], { stdio: "inherit" });
  const [ports] = (await once(child, "message")) as [readonly number[]];
  return {
    ports,
    counts: async () => {
      const said = once(child, "message") as Promise<[readonly number[]]>;
      child.send("counts");
      return (await said)[0];
    },
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** As {@link startServers}, each in a process of its own. */
export async function startApart(count: number, mode: ServerMode): Promise<Servers> {
  const all = await Promise.all(Array.from({ length: count }, () => startServers(1, mode)));
  return {
    ports: all.flatMap((one) => one.ports),
    counts: async () => (await Promise.all(all.map((one) => one.counts()))).flat(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/** Below what systems give to outgoing connections: none of those may come to be what is found there. */
const firstPort = 20_000;
const lastPort = 30_000;

/** Ports at which nobody listens, so that connections are refused. */
export async function refusingPorts(count: number): Promise<readonly number[]> {
  const free: number[] = [];
  for (let port = firstPort; free.length < count && port < lastPort; port++) if (await isFree(port)) free.push(port);
  if (free.length < count) throw new Error(`fewer than ${count} ports are free from ${firstPort} to ${lastPort}`);
  return free;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
