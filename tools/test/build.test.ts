import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { ensureBuilt } from "../src/build.ts";

const main = "holdfast/src/cli/main.ts";

/** A repository in miniature, with one program of the product in it. */
function repository(context: TestContext): { root: string; write: (path: string, text: string) => void } {
  const root = mkdtempSync(join(tmpdir(), "holdfast-build-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("package-lock.json", "{}");
  write("holdfast/package.json", '{"name":"holdfast","version":"9.9.9"}');
  write(main, "export const answer: number = 1;\n");
  return { root, write };
}

test("unchanged input builds nothing, changed content builds anew, a touched file does not", async (t) => {
  const { root, write } = repository(t);
  const said: string[] = [];
  const build = (): Promise<string> => ensureBuilt(root, (line) => said.push(line));

  const first = await build();
  assert.ok(said.some((line) => line.startsWith("built in")));
  const built: { answer: number } = await import(join(first, "cli/main.mjs"));
  assert.equal(built.answer, 1);

  said.length = 0;
  assert.equal(await build(), first);
  utimesSync(join(root, main), new Date(), new Date());
  assert.equal(await build(), first);
  assert.equal(said.length, 0);

  write(main, "export const answer: number = 2;\n");
  const second = await build();
  assert.notEqual(second, first);
  assert.ok(said.some((line) => line.startsWith("built in")));
});

test("programs whose rooms are not there yet are named; one that does not bundle fails the build with its name", async (t) => {
  const { root, write } = repository(t);
  const said: string[] = [];
  await ensureBuilt(root, (line) => said.push(line));
  assert.ok(said.some((line) => line.includes("agent: not there yet")));

  write(main, "import { gone } from './gone.ts';\nexport const answer = gone;\n");
  await assert.rejects(
    ensureBuilt(root, () => {}),
    /cli \(holdfast\/src\/cli\/main\.ts\).*gone\.ts/s,
  );
  const leftovers = readdirSync(join(root, "holdfast/dist")).filter((name) => name.startsWith(".build"));
  assert.deepEqual(leftovers, []);
});

test("two commands that build at the same moment both get the same whole build", async (t) => {
  const { root } = repository(t);
  const [one, two] = await Promise.all([ensureBuilt(root, () => {}), ensureBuilt(root, () => {})]);
  assert.equal(one, two);
  assert.ok(readdirSync(one).includes("manifest.json"));
});

test("only the newest builds are kept", async (t) => {
  const { root, write } = repository(t);
  for (let i = 0; i < 5; i++) {
    write(main, `export const answer = ${i};\n`);
    await ensureBuilt(root, () => {});
  }
  const kept = readdirSync(join(root, "holdfast/dist")).filter((name) => /^[0-9a-f]{16}$/.test(name));
  assert.equal(kept.length, 3);
});
