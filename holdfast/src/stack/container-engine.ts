import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { PlatformError } from "@holdfast/kernel";
import type { Isolation } from "./isolation.ts";

export type EngineName = "process" | "container";
export const engineNames: readonly EngineName[] = ["process", "container"];

/** What a stack's instances run in, and where that is. */
export type EngineChoice =
  | { readonly name: "process" }
  /** Path of the Docker API's socket. */
  | { readonly name: "container"; readonly socket: string };

const answerMs = 2_000;

/**
 * Where Docker and Podman listen, the likeliest first: what the environment says (`CONTAINER_HOST`, `DOCKER_HOST`), the
 * user's own, the machine's.
 */
export function containerSockets(environment: NodeJS.ProcessEnv = process.env): string[] {
  const named = [environment["CONTAINER_HOST"], environment["DOCKER_HOST"]].map(
    (url) => /^unix:\/\/(.+)$/.exec(url ?? "")?.[1],
  );
  const runtime = environment["XDG_RUNTIME_DIR"];
  const own = runtime === undefined ? [] : [join(runtime, "podman/podman.sock"), join(runtime, "docker.sock")];
  const all = [...named, ...own, "/var/run/docker.sock", "/run/podman/podman.sock"];
  return all.filter((path) => path !== undefined);
}

/** The first socket that answers, and why none does. */
export async function findContainerEngine(
  sockets: readonly string[] = containerSockets(),
): Promise<{ readonly socket: string | undefined; readonly why: string }> {
  const tried: string[] = [];
  for (const socket of sockets) {
    const problem = existsSync(socket) ? await problemOf(socket) : "is not there";
    if (problem === "") return { socket, why: "" };
    tried.push(`${socket} ${problem}`);
  }
  return { socket: undefined, why: tried.join(", ") };
}

/**
 * What `--engine` comes to here.
 *
 * @throws PlatformError `CONTAINER_ENGINE_MISSING`, `ENGINE_ISOLATION_UNFIT`.
 */
export async function chooseEngine(wanted: EngineName, isolation: Isolation): Promise<EngineChoice> {
  if (wanted === "process") return { name: "process" };
  if (isolation === "netns") {
    throw new PlatformError("ENGINE_ISOLATION_UNFIT", "--engine container: not with --isolation netns", {
      next: "holdfast up --engine container --isolation loopback",
      status: 400,
    });
  }
  const { socket, why } = await findContainerEngine();
  if (socket !== undefined) return { name: "container", socket };
  throw new PlatformError("CONTAINER_ENGINE_MISSING", `--engine container: no container engine answers (${why})`, {
    next: "start Docker, or: podman system service -t 0 unix:///tmp/podman.sock & export CONTAINER_HOST=unix:///tmp/podman.sock",
    status: 503,
  });
}

/** Empty when somebody takes connections there. */
function problemOf(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (problem: string): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(answerMs, () => done("does not answer"));
    socket.once("connect", () => done(""));
    socket.once("error", (error: NodeJS.ErrnoException) => done(`refuses us (${error.code ?? error.message})`));
  });
}
