import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { appInstances, bin, full, load, root, size, writeApplication } from "./support.ts";

/** Tells when a property reached it, by the clock that the test has, too; and can be broken by one. */
const shop = `
import { property, serve } from "holdfast";
let seen = { value: 0, atMs: 0 };
property("shop.limit", 0).subscribe((value) => { seen = { value, atMs: performance.timeOrigin + performance.now() }; });
const broken = property("shop.broken", false);
const password = property("shop.password", "");
await serve({
  name: "shop",
  handler: (req, res) => {
    if (req.url === "/seen") return res.end(JSON.stringify({ ...seen, passwordLength: password.get().length, admin: process.env.HOLDFAST_ADMIN_PORT }));
    res.statusCode = broken.get() ? 500 : 200;
    res.end("shop");
  },
});
`;

interface ConfigStageView {
  readonly id: string;
  readonly state: string;
  readonly note: string;
}

interface ConfigChangeView {
  readonly kind: string;
  readonly author: string;
  readonly reason: string;
}

interface Seen {
  readonly value: number;
  readonly atMs: number;
  readonly passwordLength: number;
  readonly admin: string;
}

const nowMs = (): number => performance.timeOrigin + performance.now();

async function shops(stack: Stack): Promise<{ address: string; port: number; zone: string; id: string }[]> {
  return (await appInstances(stack)).filter(({ name }) => name === "shop");
}

async function ask(shopInstance: { address: string; port: number }): Promise<Seen> {
  const answer = await fetch(`http://${shopInstance.address}:${shopInstance.port}/seen`, {
    signal: AbortSignal.timeout(2_000),
  });
  return (await answer.json()) as Seen;
}

async function change(stack: Stack, path: string, body: object, method?: string): Promise<unknown> {
  const answer = await stack.api(path, body, method);
  const read: unknown = await answer.json();
  assert.ok(answer.ok, JSON.stringify(read));
  return read;
}

const set = (stack: Stack, key: string, value: string): Promise<unknown> =>
  change(stack, "/v1/config/changes", { edits: [{ key, scope: { appId: "shop" }, value }], reason: "test" });

/** Text files of the state directory, but those of the programs. */
function stateFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/platform|images/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name));
}

suite("configuration of a running stack", () => {
  const directory = temporaryDirectory("config-world");
  writeApplication(directory.path, {
    "holdfast.config.yaml": 'services:\n  shop: { run: node shop.ts }\nroutes:\n  - { match: "/**", to: shop }\n',
    "shop.ts": shop,
  });
  mkdirSync(join(directory.path, "node_modules"));
  symlinkSync(join(root, "holdfast"), join(directory.path, "node_modules/holdfast"));

  test("properties reach instances quickly, trials revert by themselves, secrets stay secret, control may die", async (t) => {
    await using stack = await Stack.up({ bin, application: directory.path });
    t.after(() => directory[Symbol.dispose]());
    const all = await shops(stack);
    assert.equal(all.length, 3);

    await t.test("a change is effective in every instance within 100 ms", async (inner) => {
      const delays: number[] = [];
      for (let value = 1; value <= size(50, 200); value++) {
        const fromMs = nowMs();
        await set(stack, "shop.limit", String(value));
        for (const one of all) {
          const seen = await waitFor(`${value} in ${one.id}`, async () => {
            const now = await ask(one);
            return now.value === value ? now : undefined;
          });
          delays.push(seen.atMs - fromMs);
        }
      }
      delays.sort((a, b) => a - b);
      const at = (share: number): number => delays[Math.ceil(delays.length * share) - 1] ?? 0;
      inner.diagnostic(
        `set → effective in ${delays.length} cases: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`,
      );
      // The figure of the issue on a machine that is this test's alone; beside other tests the processor is waited for.
      assert.ok(at(full ? 0.99 : 0.5) <= 100, `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
    });

    await t.test(
      "a valid but harmful value is taken back by its gate, and was never kept for the next start",
      async (inner) => {
        const running = load(stack.ready.edge, { rate: 40, seconds: 12 });
        const asked = {
          key: "shop.broken",
          scope: { appId: "shop" },
          value: "true",
          steps: [{ zones: ["local-1a"] }],
          reason: "looks harmless",
        };
        const { id } = (await change(stack, "/v1/config/stages", asked)) as ConfigStageView;
        const file = join(stack.ready.stateDirectory, "views/shop.local-1a.config.json");
        await waitFor("the trial to be told of", async () => {
          const staged = all.find(({ zone }) => zone === "local-1a");
          return staged !== undefined && (await fetch(`http://${staged.address}:${staged.port}/`)).status === 500;
        });
        // The snapshot is written a second after a change at most.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        assert.doesNotMatch(readFileSync(file, "utf8"), /shop\.broken/);
        const ended = await waitFor(
          "the gate",
          async () => {
            const stage = await stack.json<ConfigStageView>(`/v1/config/stages/${id}`);
            return stage.state === "running" ? undefined : stage;
          },
          { timeoutMs: 60_000 },
        );
        assert.equal(ended.state, "reverted", ended.note);
        inner.diagnostic(ended.note);
        assert.match(ended.note, /^zone local-1a failed: .* errors in \d+ requests/);
        const [last] = await stack.json<ConfigChangeView[]>("/v1/config/changes?limit=1");
        assert.deepEqual([last?.kind, last?.author, last?.reason], ["stage-reverted", "gate", ended.note]);
        await running;
        for (const one of all) assert.equal((await fetch(`http://${one.address}:${one.port}/`)).status, 200);
      },
    );

    await t.test("a secret reaches its service and no file, log or answer", async () => {
      const planted = "pl4nted-p4ssw0rd";
      await change(stack, "/v1/config/secrets/SHOP", { value: planted, reason: "test" }, "PUT");
      await set(stack, "shop.password", "secret('SHOP')");
      for (const one of all) {
        const seen = await waitFor("the secret", async () => {
          const now = await ask(one);
          return now.passwordLength > 0 ? now : undefined;
        });
        assert.equal(seen.passwordLength, planted.length);
        const admin = await fetch(`http://${one.address}:${seen.admin}/v1/config`);
        const said = await admin.text();
        assert.match(said, /shop\.password/);
        assert.ok(!said.includes(planted));
      }
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const files = stateFiles(stack.ready.stateDirectory);
      assert.ok(files.some((file) => file.endsWith("config.db")) && files.some((file) => file.endsWith(".log")));
      for (const file of files) assert.ok(!readFileSync(file, "latin1").includes(planted), file);
      for (const path of [
        "properties",
        "changes?limit=1000",
        "explain?instance=" + all[0]?.id,
        "secrets",
        "diff?from=0",
      ]) {
        const answer = await (await stack.api(`/v1/config/${path}`)).text();
        assert.match(answer, /SHOP/, path);
        assert.ok(!answer.includes(planted), path);
      }
    });

    await t.test(
      "instances keep their values while control is dead, say that these are stale, and hear of it when it is back",
      async () => {
        const [one] = all;
        assert.ok(one !== undefined);
        const before = await ask(one);
        const stale = async (): Promise<{ isFresh: boolean; forMs: number }> => {
          const answer = await fetch(`http://${one.address}:${before.admin}/v1/config`, {
            signal: AbortSignal.timeout(2_000),
          });
          return ((await answer.json()) as { staleness: { isFresh: boolean; forMs: number } }).staleness;
        };
        assert.equal((await stale()).isFresh, true);
        const control = (await stack.ps()).find(({ kind }) => kind === "control");
        process.kill(control?.pid ?? 0, "SIGKILL");
        const seen = await waitFor(
          "staleness",
          async () => {
            const now = await stale();
            return now.isFresh ? undefined : now;
          },
          { everyMs: 10 },
        );
        assert.equal(seen.isFresh, false);
        assert.equal((await ask(one)).value, before.value);
        await waitFor("control and its listeners", async () => (await stale()).isFresh, { timeoutMs: 30_000 });
        await set(stack, "shop.limit", "7777");
        await waitFor("a change of the next life", async () => (await ask(one)).value === 7_777);
      },
    );
  });
});
