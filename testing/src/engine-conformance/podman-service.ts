import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { waitFor } from "../wait-for.ts";
import type { ContainerService } from "./container-service.ts";

/**
 * Limits this machine can give, and a runtime that works with hybrid control groups (delivery.md §4.1); given by a variable,
 * so that nothing in `/etc` is touched.
 */
const configuration = `[containers]
default_ulimits=["nofile=1024:4096","nproc=4096:4096"]
log_driver="k8s-file"
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
[network]
network_config_dir="%NETWORKS%"
`;

/** A Podman of a test's own, with its images, containers and networks in one directory, answering the Docker API on a socket. */
export class PodmanService implements ContainerService {
  readonly socket: string;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  /** @param directory made when it is not there; a short path, as the socket is in it. */
  constructor(directory: string) {
    this.#directory = directory;
    this.socket = join(directory, "docker.sock");
    mkdirSync(join(directory, "networks"), { recursive: true });
    writeFileSync(join(directory, "containers.conf"), configuration.replace("%NETWORKS%", join(directory, "networks")));
  }

  /** Why there can be none here; `false` when there can. */
  static get missing(): string | false {
    if (process.platform !== "linux") return "needs Linux";
    if (process.getuid?.() !== 0 && process.env["XDG_RUNTIME_DIR"] === undefined) {
      return "needs podman and runc as root, or rootless with XDG_RUNTIME_DIR";
    }
    for (const program of ["podman", "runc", "conmon"]) {
      try {
        execFileSync(program, ["--version"], { stdio: "ignore" });
      } catch {
        return `needs ${program}`;
      }
    }
    return false;
  }

  /** Starts it, or starts it again; containers of before are still there. One that runs goes on. */
  async start(): Promise<void> {
    this.signal("SIGCONT");
    if (this.#process?.exitCode === null && this.#process.signalCode === null) return;
    rmSync(this.socket, { force: true });
    const [program, args, options] = this.#command(["system", "service", "-t", "0", `unix://${this.socket}`]);
    // Its monitors leave files where they were started.
    this.#process = spawn(program, args, { ...options, cwd: this.#directory, stdio: "ignore" });
    await waitFor("podman to answer", () => existsSync(this.socket) && answers(this.socket), { timeoutMs: 20_000 });
  }

  /** Ends the service, and no container. One that waits for open connections first is killed after three seconds. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGCONT");
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), 3_000);
    await ended;
    clearTimeout(late);
  }

  /** Holds the service where it is, its connections standing; `SIGCONT` lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.kill(signal);
  }

  /** Runs `podman` beside the service; returns what it prints. */
  run(...args: readonly string[]): string {
    const [program, all, options] = this.#command(args);
    return execFileSync(program, all, {
      ...options,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
  }

  /** Removes all containers, networks and images, and the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.run("rm", "--all", "--force", "--time", "0");
      this.run("network", "prune", "--force");
    } finally {
      await this.stop();
    }
    this.run("rmi", "--all", "--force");
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #command(args: readonly string[]): [string, string[], { env: NodeJS.ProcessEnv }] {
    const at = (name: string): string => join(this.#directory, name);
    const own = ["--root", at("root"), "--runroot", at("run"), "--tmpdir", at("tmp")];
    return ["podman", [...own, ...args], { env: { ...process.env, CONTAINERS_CONF: at("containers.conf") } }];
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
