import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Stack, temporaryDirectory, waitFor } from "@holdfast/testing";
import { appInstances, bin, root, writeApplication } from "./support.ts";

const planted = { environment: "plant-env-8151", property: "plant-prop-6240", secret: "plant-sealed-7733" } as const;

/** Says its secrets in every way a careless program does. */
const careless = `
import { log, property, serve } from "holdfast";
const relay = property("mail.relay", "none");
const phrase = property("mail.passphrase", "none");
await serve({
  name: "careless",
  checks: [{ name: "mail", kind: "dependency", check: () => { throw new Error("refused by " + relay.get()); } }],
  handler: (req, res) => {
    const all = [process.env.SMTP_PASSWORD, relay.get(), phrase.get(), process.env.HOLDFAST_INSTANCE_TOKEN];
    log().info("mail.sent", { to: "ada", all, url: "smtp://ada:" + all[0] + "@" + relay.get(), headers: { authorization: all[3] } });
    log().error("mail.failed", { error: new Error(all.join(" "), { cause: new Error(JSON.stringify({ all })) }) });
    res.end(String(relay.get().length));
  },
});
`;

suite("a service of a running stack", () => {
  test("secrets of environment, properties and tokens are in no log, no file of logs and no answer of an admin port", async (t) => {
    if (process.platform !== "linux") return t.skip("skipped: reads /proc");
    const directory = temporaryDirectory("service-world");
    t.after(() => directory[Symbol.dispose]());
    writeApplication(directory.path, {
      "holdfast.config.yaml": `services:\n  careless: { run: node careless.ts, env: { SMTP_PASSWORD: ${planted.environment} } }\nroutes:\n  - { match: "/**", to: careless }\n`,
      "careless.ts": careless,
    });
    mkdirSync(join(directory.path, "node_modules"));
    symlinkSync(join(root, "holdfast"), join(directory.path, "node_modules/holdfast"));
    await using stack = await Stack.up({ bin, application: directory.path });
    await setAll(stack);
    await waitFor("the secret to arrive", async () => {
      const answer = await fetch(`${stack.ready.edge}/send?token=plant-query-1`);
      return (await answer.text()) === String(`relay with ${planted.secret}`.length);
    });
    const logs = join(stack.ready.stateDirectory, "logs");
    const all = (): string =>
      readdirSync(logs)
        .map((file) => readFileSync(join(logs, file), "utf8"))
        .join("\n");
    await waitFor("the lines", () => /"event":"mail.failed"/.test(all()) && /"event":"http.access"/.test(all()));
    const instances = await appInstances(stack);
    let answers = "";
    for (const { address, pid } of instances) answers += await everythingOf(address, adminPortOf(pid));
    assert.match(answers, /"SMTP_PASSWORD":"\*\*\*\* MASKED \*\*\*\*"/);
    const tokens = instances.map(({ pid }) => environmentOf(pid, "HOLDFAST_INSTANCE_TOKEN"));
    assert.ok(tokens.length >= 3 && tokens.every((token) => token.length > 20));
    for (const secret of [...Object.values(planted), "plant-query-1", stack.token, ...tokens]) {
      for (const [what, text] of [
        ["the logs", all()],
        ["the admin ports", answers],
      ] as const)
        assert.ok(!text.includes(secret), `${secret} in ${what}: ${around(text, secret)}`);
    }
  });
});

async function setAll(stack: Stack): Promise<void> {
  const sealed = await stack.api("/v1/config/secrets/MAIL", { value: planted.secret }, "PUT");
  assert.ok(sealed.ok, await sealed.text());
  const relay = "relay with secret('MAIL')";
  for (const [key, value] of [
    ["access.log", "all"],
    ["mail.passphrase", planted.property],
    ["mail.relay", relay],
  ] as const) {
    const set = await stack.run("config", "set", key, value);
    assert.equal(set.code, 0, set.stderr);
  }
}

/** All that an admin port answers to a GET without a token, as JSON and as a page. */
async function everythingOf(address: string, port: number): Promise<string> {
  const base = `http://${address}:${port}`;
  const { paths } = (await (await fetch(base)).json()) as { paths: { method: string; path: string }[] };
  let text = await (await fetch(base, { headers: { accept: "text/html" } })).text();
  for (const { method, path } of paths) {
    if (method !== "GET" || path.endsWith(".stream")) continue;
    text += await (await fetch(`${base}${path}`)).text();
  }
  return text;
}

function adminPortOf(pid: number | null): number {
  return Number(environmentOf(pid, "HOLDFAST_ADMIN_PORT"));
}

function environmentOf(pid: number | null, name: string): string {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return variables.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

function around(text: string, part: string): string {
  const at = text.indexOf(part);
  return text.slice(Math.max(0, at - 300), at + 50);
}
