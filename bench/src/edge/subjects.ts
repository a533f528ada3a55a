import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../bench-context.ts";
import { usageOf } from "../processes.ts";

/** A server of one process, held to one core where there are two. */
export class Subject implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(name: string, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.#child = child;
  }

  /** @throws an error when it does not answer within 10 s. */
  static async start(name: string, port: number, core: number, command: readonly string[]): Promise<Subject> {
    const child = spawn("taskset", ["-c", String(core), ...command], { stdio: ["ignore", "ignore", "inherit"] });
    const subject = new Subject(name, port, child);
    for (let tries = 0; tries < 100; tries++) {
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      if ((await answer?.text())?.length === 1_024) return subject;
      await sleep(100);
    }
    await subject[Symbol.asyncDispose]();
    throw new Error(`${name}: does not answer; needs it and taskset installed`);
  }

  cpuMs(): number {
    return usageOf(this.#child.pid ?? -1)?.cpuMs ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, "exit");
    if (this.#child.exitCode !== null || !this.#child.kill("SIGKILL")) return;
    await gone;
  }
}

/** nginx that answers 1 KiB, on core 0. */
export function originOf(port: number, scratch: string): Promise<Subject> {
  const body = `{"title":"${"x".repeat(1_012)}"}`;
  const server = `keepalive_requests 1000000000; location / { default_type application/json; return 200 '${body}'; }`;
  return Subject.start("origin", port, 0, nginx(port, scratch, "origin", server));
}

/** Ours and the peers that are installed, each alone on core 1. */
export async function proxiesTo(
  originPort: number,
  ports: readonly number[],
  scratch: string,
  peers: string,
): Promise<Subject[]> {
  const here = import.meta.dirname;
  const [ours = 0, nginxPort = 0, haproxyPort = 0, fastifyPort = 0] = ports;
  const proxied = `keepalive_requests 1000000000; location / { proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ""; }`;
  const upstream = `upstream o { server 127.0.0.1:${originPort}; keepalive 128; keepalive_requests 1000000000; }`;
  const started = [
    await Subject.start("ours", ours, 1, [
      process.execPath,
      join(here, "bare-route.ts"),
      String(ours),
      String(originPort),
    ]),
    await Subject.start("nginx", nginxPort, 1, nginx(nginxPort, scratch, "proxy", proxied, upstream)),
  ];
  if (existsSync("/usr/sbin/haproxy"))
    started.push(
      await Subject.start("HAProxy", haproxyPort, 1, [
        "/usr/sbin/haproxy",
        "-db",
        "-f",
        haproxyConfig(haproxyPort, originPort, scratch),
      ]),
    );
  if (existsSync(join(peers, "node_modules/@fastify/http-proxy")))
    started.push(
      await Subject.start("@fastify/http-proxy", fastifyPort, 1, [
        process.execPath,
        join(here, "fastify-proxy.mjs"),
        String(fastifyPort),
        String(originPort),
        peers,
      ]),
    );
  return started;
}

function nginx(port: number, scratch: string, name: string, server: string, before = ""): string[] {
  const config = join(scratch, `${name}.conf`);
  const temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${scratch}/${name}-${kind};`)
    .join(" ");
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${scratch}/${name}.pid; error_log ${scratch}/${name}.log crit;
events { worker_connections 4096; }
http { access_log off; tcp_nodelay on; ${temps} ${before} server { listen 127.0.0.1:${port} backlog=4096; ${server} } }
`,
  );
  return ["/usr/sbin/nginx", "-c", config, "-e", join(scratch, `${name}.log`)];
}

function haproxyConfig(port: number, originPort: number, scratch: string): string {
  const config = join(scratch, "haproxy.cfg");
  writeFileSync(
    config,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server o 127.0.0.1:${originPort}
`,
  );
  return config;
}
