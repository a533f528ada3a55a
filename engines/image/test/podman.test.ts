import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import type { ContainerImage } from "@holdfast/image";
import { World } from "./fixture.ts";

/** Limits this machine can give, and a runtime that works in hybrid cgroups; nothing of the machine's own is touched. */
const settings = `[containers]
default_ulimits=["nofile=1024:4096","nproc=4096:4096"]
log_driver="k8s-file"
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
`;

class Podman implements Disposable {
  readonly #place: string;

  constructor(place: string) {
    this.#place = place;
    mkdirSync(place);
    writeFileSync(join(place, "containers.conf"), settings);
  }

  /** @param cwd where relative paths begin. */
  run(args: readonly string[], cwd = this.#place): string {
    const place = (name: string): string => join(this.#place, name);
    const own = ["--root", place("root"), "--runroot", place("run"), "--tmpdir", place("tmp")];
    return execFileSync("podman", [...own, ...args], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CONTAINERS_CONF: place("containers.conf") },
      timeout: 60_000,
    });
  }

  [Symbol.dispose](): void {
    this.run(["rmi", "--all", "--force"]);
  }
}

function isThere(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const skip = isThere("podman") && isThere("runc") && process.getuid?.() === 0 ? false : "needs podman, runc and root";

const program = `import { lookup } from "node:dns/promises";
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { name } from "dependency";
writeFileSync("/tmp/file", "");
let denied = "";
try { writeFileSync("server.mjs", ""); } catch (error) { denied = error.code; }
console.log(JSON.stringify({
  version: process.version, directory: process.cwd(), user: userInfo().username, denied, name,
  address: (await lookup("localhost")).address,
  authorities: readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8").includes("BEGIN CERTIFICATE"),
}));`;

/** With the real Node in it. */
async function realImage(world: World): Promise<ContainerImage> {
  return world.container(
    {
      "server.mjs": program,
      "node_modules/dependency/package.json": '{"name":"dependency","type":"module","exports":"./index.js"}',
      "node_modules/dependency/index.js": 'export const name = "from its dependency";',
    },
    { command: ["node", "server.mjs"], node: { path: process.execPath, version: process.versions.node } },
  );
}

test("podman loads the archive under its digest and runs it: Node, dependencies, user, names and trust are there", {
  skip,
}, async () => {
  using world = new World();
  const image = await realImage(world);
  const file = join(world.path, "image.tar");
  async function* copies(): AsyncGenerator<Buffer> {
    for await (const chunk of world.store.archive(image)) yield Buffer.from(chunk);
  }
  await pipeline(Readable.from(copies()), createWriteStream(file));
  using podman = new Podman(join(world.path, "podman"));
  const name = `localhost/${image.oci.reference}`;
  assert.match(podman.run(["load", "--input", file]), new RegExp(`Loaded image: ${name}`));
  assert.equal(podman.run(["image", "inspect", name, "--format", "{{.Digest}}"]).trim(), image.oci.digest);
  assert.equal(podman.run(["image", "inspect", name, "--format", "{{.Labels.appversion}}"]).trim(), image.appVersion);

  assert.deepEqual(JSON.parse(podman.run(["run", "--rm", "--network", "none", name])), {
    version: process.version,
    directory: "/app",
    user: "nonroot",
    denied: "EACCES",
    name: "from its dependency",
    address: "127.0.0.1",
    authorities: true,
  });
});

test("podman takes an image straight out of the store's layout, by its reference", { skip }, async () => {
  using world = new World();
  const image = await realImage(world);
  using podman = new Podman(join(world.path, "podman"));
  // A relative path: podman makes a name of it, and a name has no capital letters.
  podman.run(["pull", `oci:oci:${image.oci.reference}`], world.store.directory);
  assert.match(podman.run(["images", "--digests", "--format", "{{.Digest}}"]), new RegExp(image.oci.digest));
});
