import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { PlatformError } from "@holdfast/kernel";
import { reportOfEngine } from "./container-engine-report.ts";
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
  const { XDG_RUNTIME_DIR: runtime, HOME: home } = environment as Record<string, string | undefined>;
  const own = runtime === undefined ? [] : [join(runtime, "podman/podman.sock"), join(runtime, "docker.sock")];
  // Docker Desktop's.
  const desktop = home === undefined ? [] : [".docker/run/docker.sock", ".docker/desktop/docker.sock"];
  const all = [...named, ...own, "/var/run/docker.sock", "/run/podman/podman.sock"];
  return [...all, ...desktop.map((path) => join(home ?? "", path))].filter((path) => path !== undefined);
}

/** The first socket that answers, and why none does. */
export async function findContainerEngine(
  sockets?: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly socket: string | undefined; readonly why: string }> {
  const tried = sockets === undefined ? unfitHosts(environment) : [];
  for (const socket of sockets ?? containerSockets(environment)) {
    const problem = existsSync(socket) ? await problemOf(socket) : "is not there";
    if (problem === "") return { socket, why: "" };
    tried.push(`${socket} ${problem}`);
  }
  return { socket: undefined, why: tried.join(", ") };
}

/**
 * What `--engine` comes to here.
 *
 * @throws PlatformError `CONTAINER_ENGINE_MISSING`, `CONTAINER_ENGINE_ELSEWHERE`, `ENGINE_ISOLATION_UNFIT`.
 */
export async function chooseEngine(
  wanted: EngineName,
  isolation: Isolation,
  sockets?: readonly string[],
): Promise<EngineChoice> {
  if (wanted === "process") return { name: "process" };
  const { socket, why } = await findContainerEngine(sockets);
  if (socket !== undefined) {
    await refuseUnfit(socket, isolation);
    return { name: "container", socket };
  }
  throw new PlatformError("CONTAINER_ENGINE_MISSING", `--engine container: no container engine answers (${why})`, {
    next: "start Docker, or: podman system service -t 0 unix:///tmp/podman.sock & export CONTAINER_HOST=unix:///tmp/podman.sock",
    status: 503,
  });
}

/**
 * Containers on another kernel would start, and never be reached; those of Docker, or of an engine without root's rights,
 * cannot be put into our namespaces. One that says nothing of itself is tried in the machine's network.
 */
async function refuseUnfit(socket: string, isolation: Isolation): Promise<void> {
  const report = await reportOfEngine(socket).catch(() => undefined);
  const takesOurs = report?.name.startsWith("Podman") === true && !report.rootless && process.getuid?.() === 0;
  if (isolation === "netns" && !takesOurs) {
    const why = "only Podman run by root puts containers into networks that are not its own";
    const name = report?.name ?? "the engine";
    throw new PlatformError("ENGINE_ISOLATION_UNFIT", `--isolation netns: not with ${name} at ${socket}: ${why}`, {
      next: "holdfast up --engine container --isolation loopback, or processes in real networks: --engine process",
      details: { socket, isolation },
      status: 400,
    });
  }
  if (report?.elsewhere !== true) return;
  const what = `--engine container: ${report.name} at ${socket} runs its containers in a virtual machine`;
  throw new PlatformError("CONTAINER_ENGINE_ELSEWHERE", `${what}, whose addresses cannot be reached from here`, {
    next: "run holdfast in that machine, or name another engine by CONTAINER_HOST, or leave out --engine container",
    details: { socket, engine: report.name },
    status: 400,
  });
}

/** What the environment names and we cannot use, in words. */
function unfitHosts(environment: NodeJS.ProcessEnv): string[] {
  return ["CONTAINER_HOST", "DOCKER_HOST"].flatMap((name) => {
    const url = environment[name] ?? "";
    return url === "" || url.startsWith("unix://") ? [] : [`${name}=${url} is no Unix socket (unix:///path)`];
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
