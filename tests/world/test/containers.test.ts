import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runHoldfast, Stack, type StackInstance, temporaryDirectory, waitFor } from "@holdfast/testing";
import { PodmanService } from "@holdfast/testing/engine-conformance";
import { alive, appInstances, bin, full, load, movies, writeApplication } from "./support.ts";

/** Whole stacks of containers on a small machine that others use. */
const patience = { timeoutMs: 60_000 } as const;
const options = { timeout: 180_000 } as const;
const skip = PodmanService.missing === false ? false : `skipped: ${PodmanService.missing}`;

/** One service of containers, and one that asks to be a process. */
const files = {
  "holdfast.config.json": JSON.stringify({
    name: "small",
    services: {
      hello: { run: "node hello.js", scale: { min: 2 } },
      beside: { run: "node hello.js", scale: { min: 1 }, engine: "process" },
    },
  }),
  "hello.js": `import { createServer } from "node:http";
    createServer((request, response) => {
      console.log("asked for " + request.url);
      response.end("hello from " + process.pid);
    }).listen(process.env.PORT, process.env.HOST);`,
  "package.json": '{"name":"small","type":"module"}',
};

/** A stack in containers of a Podman of its own. */
class ContainerStack implements AsyncDisposable {
  readonly podman: PodmanService;
  readonly #directory = temporaryDirectory("containers");
  #stack: Stack | undefined;

  constructor() {
    this.podman = new PodmanService(join(this.#directory.path, "p"));
  }

  get environment(): Readonly<Record<string, string>> {
    return { CONTAINER_HOST: `unix://${this.podman.socket}` };
  }

  get stack(): Stack {
    if (this.#stack === undefined) throw new Error("it is not up");
    return this.#stack;
  }

  async up(application?: string, ...more: readonly string[]): Promise<void> {
    await this.podman.start();
    this.#stack = await Stack.up({
      bin,
      application: application ?? writeApplication(join(this.#directory.path, "app"), files),
      args: ["--engine", "container", "--zones", "2", ...more],
      env: this.environment,
      readyTimeoutMs: 150_000,
    });
  }

  /** Names of the containers that run. */
  containers(): string[] {
    return this.podman
      .run("ps", "--format", "{{.Names}}")
      .split("\n")
      .filter((name) => name !== "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    let left = "";
    try {
      await this.podman.start();
      await this.#stack?.down();
      left = this.podman.run("ps", "--all", "--quiet").trim();
    } finally {
      await this.podman[Symbol.asyncDispose]();
      this.#directory[Symbol.dispose]();
    }
    assert.equal(left, "", "down leaves no container");
  }
}

const marks = (all: readonly StackInstance[]): string[] => all.map(({ id, pid }) => `${id} ${pid}`).toSorted();

/** The one that takes the place of `victim`, up and of the same service and zone. */
function successor(stack: Stack, victim: StackInstance): Promise<StackInstance> {
  const isIt = ({ id, name, zone }: StackInstance): boolean =>
    id !== victim.id && name === victim.name && zone === victim.zone;
  return waitFor("its successor", async () => (await appInstances(stack)).find(isIt), patience);
}

describe("an application in containers", { skip }, () => {
  const place = new ContainerStack();
  before(() => place.up(), options);
  after(() => place[Symbol.asyncDispose](), options);

  const hello = async (): Promise<StackInstance> => {
    const found = (await appInstances(place.stack)).find(({ name }) => name === "hello");
    assert.ok(found);
    return found;
  };

  test(
    "what an engine is there for is a container, what asks to be a process is none, and all serve",
    options,
    async () => {
      const instances = await appInstances(place.stack);
      const names = new Set(place.containers());
      assert.deepEqual(instances.map(({ name }) => name).toSorted(), ["beside", "hello", "hello"]);
      for (const { id, name, address, port } of instances) {
        assert.equal(names.has(`holdfast-${id}`), name === "hello", `${name} ${id}`);
        assert.match(await (await fetch(`http://${address}:${port}/`)).text(), /hello from/);
      }
      assert.equal(names.size, 2, "and nobody else's are there");
    },
  );

  test("what a container says is in the logs while it runs", options, async () => {
    const { id, address, port } = await hello();
    await fetch(`http://${address}:${port}/said-${id}`);
    const isThere = async (): Promise<boolean> =>
      (await place.stack.run("logs", "hello", "--instance", id)).stdout.includes(`asked for /said-${id}`);
    await waitFor("the line it wrote", isThere, patience);
  });

  test("a container that somebody kills behind our back is replaced in its own zone", options, async () => {
    const victim = await hello();
    place.podman.run("kill", `holdfast-${victim.id}`);
    const next = await successor(place.stack, victim);
    assert.ok(place.containers().includes(`holdfast-${next.id}`));
  });

  test("an agent that is killed takes no container with it, and its successor takes them over", options, async () => {
    const before = await appInstances(place.stack);
    const { runDirectory }: { runDirectory: string } = JSON.parse(
      readFileSync(join(place.stack.ready.stateDirectory, "stack.json"), "utf8"),
    );
    const file = readdirSync(runDirectory).find((name) => /^agent-.*\.pid$/.test(name));
    const read = (): number => JSON.parse(readFileSync(join(runDirectory, file ?? ""), "utf8")).pid;
    const agent = read();
    process.kill(agent, "SIGKILL");
    await waitFor("another agent", () => !alive(agent) && read() !== agent && alive(read()), patience);
    await waitFor("all to be up again", async () => (await appInstances(place.stack)).length === 3, patience);
    assert.deepEqual(marks(await appInstances(place.stack)), marks(before));
  });

  test("control that is killed takes no container with it, and its successor knows them all", options, async () => {
    const before = await appInstances(place.stack);
    const control = (await place.stack.ps()).find(({ kind }) => kind === "control");
    assert.ok(control?.pid);
    process.kill(control.pid, "SIGKILL");
    const isBack = async (): Promise<boolean> => {
      const again = (await place.stack.ps()).find(({ kind }) => kind === "control");
      return again !== undefined && again.pid !== control.pid && (await appInstances(place.stack)).length === 3;
    };
    await waitFor("control to be back", isBack, patience);
    assert.deepEqual(marks(await appInstances(place.stack)), marks(before));
    assert.equal(place.containers().length, 2);
  });

  test("without Podman all goes on; who dies then is replaced once it is back, and not before", options, async () => {
    const victim = await hello();
    const others = (await appInstances(place.stack)).filter(({ id }) => id !== victim.id);
    await place.podman.stop("SIGKILL");
    assert.ok(victim.pid);
    process.kill(victim.pid, "SIGKILL");
    const isTold = async (): Promise<boolean> =>
      /container engine at .* does not answer .*podman system service/.test((await place.stack.run("status")).stdout);
    await waitFor("a refused launch with what to do", isTold, patience);
    const doctor = await runHoldfast(bin, ["doctor", "--dir", place.stack.ready.stateDirectory]);
    assert.match(doctor.stdout, /containers, and their engine does not answer/);
    for (const { address, port } of others) assert.equal((await fetch(`http://${address}:${port}/`)).status, 200);
    await place.podman.start();
    await successor(place.stack, victim);
    const now = new Map((await appInstances(place.stack)).map(({ id, pid }) => [id, pid]));
    for (const { id, pid } of others) assert.equal(now.get(id), pid, "the others were left alone");
  });
});

const noNetworks = ["ip", "nft", "nsenter"].some(
  (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0,
)
  ? "skipped: needs ip, nft and nsenter"
  : false;

describe("containers in zones that are real networks", { skip: skip === false ? noNetworks : skip }, () => {
  const place = new ContainerStack();
  before(() => place.up(undefined, "--isolation", "netns"), options);
  after(() => place[Symbol.asyncDispose](), options);

  /** True when `from` reaches the port of `to`, tried from inside of its own network. */
  function reaches(from: StackInstance, to: StackInstance): boolean {
    const program = `const s = require("net").connect(${to.port}, "${to.address}", () => process.exit(0));
      s.on("error", () => process.exit(1)); setTimeout(() => process.exit(1), 1500);`;
    return spawnSync("nsenter", [`--net=/proc/${from.pid}/ns/net`, "--", process.execPath, "-e", program]).status === 0;
  }

  test(
    "each container has a network of its own; a cut between zones is a cut between containers, and heals",
    options,
    async () => {
      const hellos = (await appInstances(place.stack)).filter(({ name }) => name === "hello");
      const [one, other] = hellos;
      assert.ok(one !== undefined && other !== undefined);
      assert.notEqual(one.zone, other.zone);
      assert.equal(place.containers().length, 2);
      const networks = new Set(hellos.map(({ pid }) => readlinkSync(`/proc/${pid}/ns/net`)));
      assert.ok(networks.size === 2 && !networks.has(readlinkSync("/proc/self/ns/net")));
      assert.equal(reaches(one, other), true);
      await assert.rejects(fetch(`http://${one.address}:${one.port}/`), "and nobody reaches it from outside");

      const added = await place.stack.run("fault", "add", "partition", "--from", other.zone, "--for", "5m", "--force");
      assert.equal(added.code, 0, added.stderr);
      assert.equal(reaches(one, other), false);
      const cleared = await place.stack.run("fault", "clear");
      assert.equal(cleared.code, 0, cleared.stderr);
      await waitFor("the cut to be over", () => reaches(one, other), patience);
      await waitFor("both to be up", async () => (await appInstances(place.stack)).length === 3, patience);
    },
  );
});

describe("movies in containers", { skip: skip === false && !full ? "only with HOLDFAST_FULL=1" : skip }, () => {
  const place = new ContainerStack();
  before(() => place.up(movies), options);
  after(() => place[Symbol.asyncDispose](), options);

  test("all that needs no more than Node is a container, and the edge answers", options, async () => {
    const instances = await appInstances(place.stack);
    const names = new Set(place.containers());
    assert.ok(instances.length >= 10, `${instances.length} are up`);
    for (const { id, name } of instances) {
      assert.equal(names.has(`holdfast-${id}`), name !== "reviews", `${name} ${id}`);
    }
    const report = await load(place.stack.ready.edge, { rate: 20, seconds: 3 });
    assert.equal(report.failed, 0);
  });
});
