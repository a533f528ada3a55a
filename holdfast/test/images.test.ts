import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ImageStore } from "@holdfast/image";
import { silentLog } from "@holdfast/kernel";
import { FakeClock, temporaryDirectory } from "@holdfast/testing";
import { collectImagesAnswerSchema, imageDetailSchema, imageListSchema } from "@holdfast/wire/control";
import { makeImages } from "../src/bundle/make-images.ts";
import { containerImageOf } from "../src/images/container-image.ts";
import { ImageHouse, type ImageUsers, imagesDirectory } from "../src/images/image-house.ts";

const hour = 3_600_000;

/** A state directory with images, and a cloud that says who uses which. */
class World implements Disposable {
  readonly #root = temporaryDirectory("image-house");
  readonly clock = new FakeClock();
  readonly store = new ImageStore(imagesDirectory(this.#root.path), this.clock);
  readonly groups: { name: string; image: string }[] = [];
  zoneState: "reachable" | "lost" = "reachable";
  readonly house = new ImageHouse(this.clock, this.#root.path, this.#users(), silentLog);

  get path(): string {
    return this.#root.path;
  }

  async bake(content: string, service = "catalog"): Promise<string> {
    const source = join(this.#root.path, "source");
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "server.mjs"), content);
    const { directory } = await this.store.bake({ source });
    await this.store.name(directory, { application: "movies", service });
    return directory;
  }

  #users(): ImageUsers {
    return {
      groups: () => this.groups.map(({ name, image }) => ({ group: { name, definition: { template: { image } } } })),
      instances: () => [],
      applications: () => ["movies"],
      application: () => ({ application: {}, images: {} }),
      zones: () => [{ zone: {}, state: this.zoneState }],
    } as unknown as ImageUsers;
  }

  [Symbol.dispose](): void {
    this.house.close();
    this.#root[Symbol.dispose]();
  }
}

test("the list says whose an image is and which server groups use it, in the shapes of the API", async () => {
  using world = new World();
  const [old, used] = [await world.bake("1"), await world.bake("2")];
  world.groups.push({ name: "movies-catalog-v001", image: used });
  const list = imageListSchema.parse(await world.house.list());
  assert.deepEqual(
    new Map(list.images.map(({ directory, usedBy }) => [directory, usedBy])),
    new Map([
      [used, ["movies-catalog-v001"]],
      [old, []],
    ]),
  );
  const detail = imageDetailSchema.parse(await world.house.show(list.images[0]?.digest.slice(0, 8) ?? ""));
  assert.equal(detail.intact, true);
  assert.equal(detail.names[0]?.service, "catalog");
  await assert.rejects(world.house.show("nothing-like-it"), { code: "IMAGE_UNKNOWN", status: 404 });
});

test("a collection on demand spares what a group uses and says why each of the others stays", async () => {
  using world = new World();
  const used = await world.bake("used");
  const gone = await world.bake("gone");
  world.groups.push({ name: "movies-catalog-v000", image: used });
  world.clock.jumpWall(hour);
  const young = await world.bake("young");
  const dry = collectImagesAnswerSchema.parse(await world.house.collect({ keepPerService: 0, dryRun: true }));
  assert.ok(existsSync(gone));
  const answer = collectImagesAnswerSchema.parse(await world.house.collect({ keepPerService: 0 }));
  assert.deepEqual({ ...answer, dryRun: true }, dry);
  assert.deepEqual(
    answer.removed.map(({ directory }) => directory),
    [gone],
  );
  assert.deepEqual(
    new Map(answer.kept.map(({ directory, why }) => [directory, why])),
    new Map([
      [used, "in use"],
      [young, "young"],
    ]),
  );
  assert.equal(existsSync(gone), false);
});

test("each hour garbage goes by itself, but not while a zone is lost that may run what nobody here knows of", async () => {
  using world = new World();
  const images: string[] = [];
  for (const content of ["1", "2", "3", "4"]) {
    images.push(await world.bake(content));
    world.clock.jumpWall(60_000);
  }
  const there = (): string[] => images.filter((image) => existsSync(image));
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    await world.house.list();
  };
  world.zoneState = "lost";
  await world.clock.advance(hour);
  await settled();
  assert.equal(there().length, 4);
  world.zoneState = "reachable";
  await world.clock.advance(hour);
  while (there().length === 4) await settled();
  assert.deepEqual(there(), images.slice(1));
});

test("up names each service's image, with the version its package.json says", async () => {
  using world = new World();
  const app = join(world.path, "app");
  mkdirSync(join(app, "web"), { recursive: true });
  writeFileSync(join(app, "web", "package.json"), JSON.stringify({ version: "2.1.0-beta.3" }));
  writeFileSync(join(app, "web", "server.mjs"), "");
  const application = { name: "shop", services: { web: { directory: "web", run: "node server.mjs", bundle: false } } };
  const said: string[] = [];
  const { images } = await makeImages(
    world.clock,
    join(app, "holdfast.yaml"),
    application as unknown as Parameters<typeof makeImages>[2],
    world.path,
    (line) => said.push(line),
  );
  const detail = await world.house.show(images["web"] ?? "");
  assert.match(detail.names[0]?.appVersion ?? "", /^shop-web-2\.1\.0~beta\.3-[0-9a-f]{8}$/);
  assert.deepEqual(said, []);
});

test("a container image is made of a bundle that Node runs by itself, and of nothing else", async () => {
  using world = new World();
  const bundle = await world.bake("serve();");
  const order = { application: "movies", service: "catalog", image: bundle };
  for (const run of ["python3 app.py", "node server.mjs | tee log", "node $SCRIPT", ""]) {
    const made = containerImageOf(world.store, { ...order, run });
    await assert.rejects(made, { code: "IMAGE_COMMAND_UNFIT", status: 400 }, run);
  }
  assert.deepEqual(
    readdirSync(world.store.directory).filter((name) => name === "oci"),
    [],
  );
});
