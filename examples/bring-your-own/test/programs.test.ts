import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { suite, test } from "node:test";
import application from "../holdfast.config.ts";

const room = join(import.meta.dirname, "..");

/** Starts a program as the zone agent would, on a free port, and gives the address it prints. */
async function start(script: string, env: Record<string, string> = {}): Promise<{ url: URL; child: ChildProcess }> {
  const child = spawn(process.execPath, [script], {
    cwd: room,
    env: { PATH: process.env["PATH"], HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /http:\/\/\S+/.exec(line)?.[0];
    if (address !== undefined) return { url: new URL(address), child };
  }
  throw new Error(`${script} ended before it listened`);
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

suite("bring-your-own", () => {
  test("neither program nor the application file imports anything of ours", () => {
    const files = ["notes", "quotes"].flatMap((name) => readdirSync(join(room, name)).map((file) => join(name, file)));
    for (const file of [...files, "holdfast.config.ts"]) {
      assert.doesNotMatch(readFileSync(join(room, file), "utf8"), /from "(@holdfast|holdfast)|require\(/, file);
    }
    assert.deepEqual(Object.keys(application.services), ["notes", "quotes"]);
  });

  test("the Fastify program serves its page and its quotes", async () => {
    const { url, child } = await start("quotes/server.js");
    try {
      assert.match(await (await fetch(new URL("/", url))).text(), /<blockquote>/);
      const quote = await (await fetch(new URL("/quotes/2", url))).json();
      assert.deepEqual(quote, { id: 2, text: "Brevity is the soul of wit.", source: "William Shakespeare, Hamlet" });
      assert.equal((await fetch(new URL("/quotes/999", url))).status, 404);
    } finally {
      await end(child);
    }
  });

  test("two Express processes share one list of notes, and it outlives them", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-notes-"));
    const env = { NOTES_DB: join(directory, "deep/notes.db") };
    const [one, two] = await Promise.all([start("notes/server.js", env), start("notes/server.js", env)]);
    try {
      const body = JSON.stringify({ text: " hold fast " });
      const posted = await fetch(one.url, { method: "POST", headers: { "content-type": "application/json" }, body });
      assert.equal(posted.status, 201);
      await end(one.child);
      const notes = (await (await fetch(two.url)).json()) as { id: number; text: string }[];
      assert.deepEqual(
        notes.map((note) => note.text),
        ["hold fast"],
      );
      const refused = await fetch(two.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      assert.equal(refused.status, 400);
      assert.equal((await fetch(new URL(`/notes/${notes[0]?.id}`, two.url), { method: "DELETE" })).status, 204);
    } finally {
      await end(two.child);
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
