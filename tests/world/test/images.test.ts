import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runHoldfast, Stack, temporaryDirectory } from "@holdfast/testing";
import { bin, writeApplication } from "./support.ts";

const program = `import { createServer } from "node:http";
createServer((req, res) => res.end("VERSION")).listen(Number(process.env.PORT), process.env.HOST);
`;

const files = {
  "holdfast.config.yaml": `name: shop
services:
  web: { run: node server.mjs, bundle: true }
  tool: { run: "node server.mjs | cat", directory: other }
routes:
  - { match: "/**", to: web }
`,
  "server.mjs": program.replace("VERSION", "1"),
  "package.json": '{ "version": "1.2.0" }',
  "other/server.mjs": program,
};

interface Image {
  readonly digest: string;
  readonly directory: string;
  readonly usedBy: readonly string[];
  readonly names: readonly { readonly service: string; readonly appVersion: string }[];
}

test("a running stack tells its images, saves one for containers, the same twice, and collects no image in use", async () => {
  using directory = temporaryDirectory("images");
  writeApplication(directory.path, files);
  await using stack = await Stack.up({ bin, application: directory.path });
  const { stateDirectory } = stack.ready;
  const holdfast = async <Answer>(...args: string[]): Promise<Answer> => {
    const { code, stdout, stderr } = await runHoldfast(bin, [...args, "--json", "--dir", stateDirectory]);
    assert.equal(code, 0, stdout + stderr);
    return JSON.parse(stdout);
  };
  const { images } = await holdfast<{ images: Image[] }>("images", "list");
  assert.deepEqual(images.flatMap(({ usedBy }) => usedBy).toSorted(), ["shop-tool-v000", "shop-web-v000"]);
  const web = images.find(({ names }) => names[0]?.service === "web");
  assert.match(web?.names[0]?.appVersion ?? "", /^shop-web-1\.2\.0-[0-9a-f]{8}$/);

  const digests: string[] = [];
  for (const name of ["a.tar", "b.tar"]) {
    const file = join(directory.path, name);
    const saved = await holdfast<{ digest: string; appVersion: string }>("images", "save", "web", file);
    assert.equal(saved.appVersion, web?.names[0]?.appVersion);
    digests.push(saved.digest, createHash("sha256").update(readFileSync(file)).digest("hex"));
  }
  assert.deepEqual(digests.slice(0, 2), digests.slice(2), "same digest, same bytes");

  const unfit = await runHoldfast(bin, [
    "images",
    "save",
    "tool",
    join(directory.path, "c.tar"),
    "--dir",
    stateDirectory,
  ]);
  assert.match(unfit.stderr, /IMAGE_COMMAND_UNFIT/);
  assert.equal(existsSync(join(directory.path, "c.tar")), false);

  const collected = await holdfast<{ removed: Image[] }>("images", "gc", "--keep", "0");
  assert.deepEqual(collected.removed, []);
  for (const image of images) assert.ok(existsSync(image.directory));

  const shown = await holdfast<Image & { intact: boolean }>("images", "show", web?.digest.slice(0, 8) ?? "");
  assert.equal(shown.intact, true);
  writeFileSync(join(shown.directory, "more.mjs"), "");
  assert.equal((await holdfast<{ intact: boolean }>("images", "show", "web")).intact, false, "a change is seen");
});
