/**
 * How long a container takes from the order until it serves: by our engine, and by the Docker API alone (create, start), in
 * turns on the same Podman with the same image, program and way of asking whether it serves. Prints JSON.
 *
 * `node holdfast/test/container-start-cost.ts [rounds]`
 */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { PodmanService, programs, until } from "@holdfast/testing/engine-conformance";
import type { LaunchSpec } from "@holdfast/wire";
import { ContainerPlace } from "./container-place.ts";

const rounds = Number(process.argv[2] ?? 5);

/** A call of the Docker API as plain as it can be. */
function docker(socketPath: string, method: string, path: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path: `/v1.41${path}`, headers: { "content-type": "application/json" } };
    const asking = httpRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        if ((response.statusCode ?? 500) < 400) resolve(text === "" ? undefined : JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    asking.once("error", reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Resolves when somebody takes connections there; looks every 2 ms. */
async function serving({ address, port }: Pick<LaunchSpec, "address" | "port">): Promise<void> {
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, address);
      const done = (open: boolean): void => {
        socket.destroy();
        resolve(open);
      };
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
    });
  while (!(await isOpen())) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await work();
  return performance.now() - fromMs;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function main(): Promise<void> {
  if (PodmanService.missing !== false) throw new Error(PodmanService.missing);
  await using place = await ContainerPlace.start((directory) => new PodmanService(directory));
  await using world = await place.open();
  const socket = place.service.socket;

  const ours = async (): Promise<{ servingMs: number; upMs: number }> => {
    const spec = await world.spec(programs.foreign);
    const fromMs = performance.now();
    const launched = world.engine.launch(spec);
    await serving(spec);
    const servingMs = performance.now() - fromMs;
    await launched;
    await until(world, spec, "up");
    const upMs = performance.now() - fromMs;
    await world.engine.terminate(spec.id, "measured");
    await until(world, spec, "stopped");
    return { servingMs, upMs };
  };

  const raw = async (reference: string): Promise<number> => {
    const spec = await world.spec(programs.foreign);
    const name = `raw-${spec.id}`;
    const body = {
      Image: reference,
      Cmd: ["node", "-e", /^node -e '(.*)'$/s.exec(programs.foreign)?.[1]],
      Env: [`HOST=${spec.address}`, `PORT=${spec.port}`],
      HostConfig: {
        NetworkMode: "host",
        PidMode: "host",
        LogConfig: { Type: "k8s-file" },
        // Podman gives more than it may when it is told none (delivery.md §4.1).
        Ulimits: [
          { Name: "nofile", Soft: 4_096, Hard: 4_096 },
          { Name: "nproc", Soft: 4_096, Hard: 4_096 },
        ],
      },
    };
    const ms = await timed(async () => {
      await docker(socket, "POST", `/containers/create?name=${name}`, body);
      await docker(socket, "POST", `/containers/${name}/start`);
      await serving(spec);
    });
    await docker(socket, "DELETE", `/containers/${name}?force=true`);
    return ms;
  };

  await ours();
  const reference = place.service.run("images", "--format", "{{.Repository}}:{{.Tag}}").trim().split("\n")[0] ?? "";
  await raw(reference);
  const [oursMs, upMs, rawMs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const one = await ours();
    oursMs.push(one.servingMs);
    upMs.push(one.upMs);
    rawMs.push(await raw(reference));
  }
  process.stdout.write(
    `${JSON.stringify({ oursMs: median(oursMs), upMs: median(upMs), rawMs: median(rawMs), rounds, all: { oursMs, rawMs, upMs } })}\n`,
  );
}

await main();
