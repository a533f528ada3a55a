import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../wait-for.ts";
import type { ContainerService } from "./container-service.ts";

/**
 * A Docker daemon of a test's own, with everything in one directory; it touches no network of the machine, so its containers
 * have the machine's own or none.
 */
export class DockerService implements ContainerService {
  readonly socket: string;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  /** @param directory made when it is not there; a short path, as the socket is in it. */
  constructor(directory: string) {
    this.#directory = directory;
    this.socket = join(directory, "docker.sock");
    mkdirSync(directory, { recursive: true });
  }

  /** Why there can be none here; `false` when there can. */
  static get missing(): string | false {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs dockerd and runc as root on Linux";
    for (const program of ["dockerd", "docker", "containerd", "runc"]) {
      try {
        execFileSync(program, ["--version"], { stdio: "ignore" });
      } catch {
        return `needs ${program}`;
      }
    }
    return false;
  }

  async start(): Promise<void> {
    this.signal("SIGCONT");
    if (this.#process?.exitCode === null && this.#process.signalCode === null) return;
    rmSync(this.socket, { force: true });
    // Of a daemon that was killed: it would take it for one that runs.
    rmSync(this.#at("pid"), { force: true });
    const args = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--live-restore"];
    args.push("--data-root", this.#at("data"), "--exec-root", this.#at("exec"), "--pidfile", this.#at("pid"));
    args.push("--host", `unix://${this.socket}`);
    this.#process = spawn("dockerd", args, { cwd: this.#directory, stdio: "ignore" });
    await waitFor("docker to answer", () => this.run("version") !== "", { timeoutMs: 40_000, everyMs: 200 });
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGCONT");
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(late);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.kill(signal);
  }

  run(...args: readonly string[]): string {
    return execFileSync("docker", ["--host", `unix://${this.socket}`, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#removeAll();
    } finally {
      await this.stop();
    }
    for (const [, path = ""] of readFileSync("/proc/self/mounts", "utf8").matchAll(/^\S+ (\S+)/gm)) {
      if (path.startsWith(this.#directory)) execFileSync("umount", [path]);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #removeAll(): void {
    const ids = this.run("ps", "--all", "--quiet")
      .split("\n")
      .filter((id) => id !== "");
    if (ids.length > 0) this.run("rm", "--force", ...ids);
  }

  #at(name: string): string {
    return join(this.#directory, name);
  }
}
