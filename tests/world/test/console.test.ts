import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildConsole } from "@holdfast/console";
import { FakeControl } from "@holdfast/console/fake-control";
import { temporaryDirectory, waitFor } from "@holdfast/testing";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { full } from "./support.ts";

/** The console in a real browser, against a control of straw. */

const executablePath = process.env["HOLDFAST_CHROMIUM"] ?? "/usr/bin/chromium";
const skip = existsSync(executablePath) ? false : "skipped: needs chromium";
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const pages = [
  { path: "/", name: "Home", sees: "All 5 services healthy in 3 zones" },
  { path: "/services", name: "Services", sees: "recommendations" },
  { path: "/services/catalog", name: "catalog", sees: "movies-catalog-v001" },
  { path: "/instances", name: "Instances", sees: "127.1.1.10:12000" },
  { path: "/discovery", name: "Discovery", sees: "3 registries agree on 18 instances of 6 apps" },
  { path: "/discovery/users", name: "users", sees: "3 of 3 instances up" },
  { path: "/clusters", name: "Clusters", sees: "1 server group not at strength" },
  { path: "/zones", name: "Zones & Faults", sees: "2 faults in force" },
  { path: "/capacity", name: "Capacity", sees: "1 launch without room" },
  { path: "/resilience", name: "Resilience", sees: "2 commands with an open circuit" },
  { path: "/traces", name: "Traces", sees: "GET /api/home" },
  {
    path: "/traces/0af7651916cd43dd8448eb211c80319c",
    name: "gateway GET /api/home",
    sees: "over 6 services in 3 zones, 2 spans failed",
  },
  { path: "/config", name: "Config", sees: "1 value on trial" },
  { path: "/activity", name: "Activity", sees: "first start of movies" },
] as const;

/** Both colour schemes, a desk and a phone. */
const looks = [
  ["light", 1_280],
  ["dark", 1_280],
  ["light", 400],
  ["dark", 400],
] as const;

/** The panels that are narrower than what is in them: they hide the rest, so the window's own width tells nothing. */
const cutPanels = `[...document.querySelectorAll(".panel")].filter((panel) => panel.scrollWidth > panel.clientWidth + 1)
  .map((panel) => panel.textContent.slice(0, 40) + ": " + panel.scrollWidth + " > " + panel.clientWidth)`;

/** Links of the navigation that are not whole within the window: one would have to know that they are there. */
const hiddenLinks = `[...document.querySelectorAll(".shell-nav a")].filter((link) => {
  const box = link.getBoundingClientRect();
  return box.left < 0 || box.right > innerWidth + 1 || box.top < 0 || box.bottom > innerHeight + 1 || link.scrollWidth > link.clientWidth + 1;
}).map((link) => link.textContent)`;

// A skipped suite counts for nothing in the totals; a skipped test does.
if (skip !== false) test("the console in a browser", { skip }, () => {});

describe("console", { skip }, () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let browser: Browser;
  let shots: string;

  before(async () => {
    directory = temporaryDirectory("console");
    shots = process.env["HOLDFAST_SCREENSHOTS"] ?? join(directory.path, "screenshots");
    mkdirSync(shots, { recursive: true });
    await buildConsole(join(directory.path, "files"));
    browser = await chromium.launch({ executablePath, args });
  });

  after(async () => {
    await browser?.close();
    directory?.[Symbol.dispose]();
  });

  /** A fresh stack and a fresh browser profile; anything the page complains about fails the test. */
  async function open(path: string): Promise<Visit> {
    const control = await FakeControl.start(join(directory.path, "files"));
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 }, reducedMotion: "reduce" });
    const visit = new Visit(control, context, await context.newPage());
    await visit.page.goto(control.url + path);
    return visit;
  }

  for (const { path, name, sees } of pages) {
    test(`${name} shows what the API says, is accessible and fits, by day, by night and on a phone`, async () => {
      await using visit = await open(path);
      const { page } = visit;
      for (const [scheme, width] of looks) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: 800 });
        await page.getByText(sees).first().waitFor({ state: "attached" });
        assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), name);
        await page.screenshot({ path: join(shots, `${name.replaceAll("/", "")}-${scheme}-${width}.png`) });
        // Two looks cover both schemes and both layouts; the full run takes all four.
        const looksCloser = full || (scheme === "light") === width > 1_000;
        if (looksCloser) assert.deepEqual(await visit.violations(), [], `${scheme} at ${width} px`);
        const tooWide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assert.equal(tooWide, 0, `${name} is ${String(tooWide)} px wider than a window of ${width} px`);
        assert.deepEqual(await page.evaluate(hiddenLinks), [], `pages that the navigation hides at ${width} px`);
        assert.deepEqual(
          await page.evaluate(cutPanels),
          [],
          `panels of ${name} that cut what is in them, at ${width} px`,
        );
      }
      assert.deepEqual(visit.foreign, [], "the console asks nobody but control");
    });
  }

  test("a change pushed by control is on the page without a reload", async () => {
    await using visit = await open("/");
    const { control, page } = visit;
    await waitFor("the event stream", () => control.streams === 1);
    control.status = { ...control.status, verdict: "degraded", sentence: "catalog degraded: 2 of 3 up" };
    const [first, ...rest] = control.instances;
    assert.ok(first !== undefined);
    control.instances = [{ ...first, status: "unhealthy" }, ...rest];
    control.pushAll();
    await page.getByText("catalog degraded: 2 of 3 up").waitFor({ timeout: 2_000 });
    await page
      .getByRole("link", { name: `${first.name} ${first.id.slice(2, 6)} unhealthy` })
      .waitFor({ timeout: 2_000 });
    assert.deepEqual(await visit.violations(), []);
  });

  test("killing an instance asks first, shows the command, posts the one right call and shows the replacement", async () => {
    await using visit = await open("/instances?service=catalog&zone=local-1b");
    const { control, page } = visit;
    const victim = control.instances.find((one) => one.name === "catalog" && one.zone === "local-1b");
    assert.ok(victim !== undefined);
    await page.getByRole("button", { name: `Kill catalog ${victim.id}` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`npx holdfast kill ${victim.id}`).waitFor();
    assert.deepEqual(await visit.violations(), []);
    assert.equal(control.calls.length, 0, "nothing is done before the confirmation");
    await dialog.getByRole("button", { name: "Kill", exact: true }).click();
    await page.getByText(`SIGKILL sent to catalog ${victim.id}.`).waitFor();
    const kill = { method: "POST", path: `/v1/instances/${victim.id}/kill`, body: { signal: "SIGKILL" } };
    assert.deepEqual(control.calls, [kill]);
    await page.getByRole("cell", { name: "starting" }).waitFor({ timeout: 2_000 });
  });

  test("the keyboard alone kills an instance, and Escape leaves it alone", async () => {
    await using visit = await open("/instances?service=api&zone=local-1a");
    const { control, page } = visit;
    const button = page.getByRole("button", { name: /^Kill api / });
    await button.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(control.calls.length, 0);
    await button.focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("How").focus();
    await page.getByLabel("How").selectOption("SIGSTOP");
    await page.getByRole("dialog").getByText("--signal SIGSTOP").waitFor();
    await page.getByRole("button", { name: "Freeze", exact: true }).focus();
    await page.keyboard.press("Enter");
    await waitFor("the call", () => control.calls.length === 1);
    assert.deepEqual(control.calls[0]?.body, { signal: "SIGSTOP" });
  });

  test("overriding an instance asks why, shows the command, and is seen and taken back where one looks", async () => {
    await using visit = await open("/discovery/catalog");
    const { control, page } = visit;
    const victim = control.instances.find((one) => one.name === "catalog" && one.zone === "local-1a");
    assert.ok(victim !== undefined);
    await page.getByRole("button", { name: `Override catalog/${victim.id}` }).click();
    const dialog = page.getByRole("dialog");
    const submit = dialog.getByRole("button", { name: "Override", exact: true });
    assert.equal(await submit.isDisabled(), true, "nobody overrides without a reason");
    await dialog.getByLabel("Why").fill("it's slow");
    await dialog
      .getByText(`npx holdfast override catalog/${victim.id} OUT_OF_SERVICE --reason 'it'\\''s slow'`)
      .waitFor();
    assert.deepEqual(await visit.violations(), []);
    await submit.click();
    await page.getByText("2 of 3 instances up").waitFor({ timeout: 5_000 });
    const path = `/v1/discovery/overrides/catalog/${victim.id}`;
    const order = { status: "OUT_OF_SERVICE", reason: "it's slow" };
    assert.deepEqual(control.calls, [{ method: "PUT", path, body: order }]);
    await page.getByRole("link", { name: "Discovery", exact: true }).first().click();
    await page.getByRole("table", { name: "Overrides in force" }).getByText("it's slow").waitFor();
    await page
      .getByRole("link", { name: `catalog/${victim.id}` })
      .first()
      .click();
    await page.getByText("an operator's override outweighs its own UP").waitFor();
    assert.deepEqual(await visit.violations(), []);
    await page.getByRole("button", { name: "Clear override…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Clear", exact: true }).click();
    await waitFor("the call", () => control.calls.length === 2);
    assert.deepEqual(control.calls[1], { method: "DELETE", path, body: undefined });
  });

  test("a lost registry is named with its reason, and self-preservation explains itself without alarm", async () => {
    await using visit = await open("/discovery");
    const { control, page } = visit;
    control.discovery.lost.add("local-1c");
    await page.getByText("2 of 3 registries answer").waitFor({ timeout: 6_000 });
    const registries = page.getByRole("table", { name: "Registries" });
    await registries.getByText("no answer within 1 s").waitFor();
    await registries.getByText("hears 1 of 2").first().waitFor();
    const kept = page.getByRole("region", { name: "Self-preservation" });
    await kept.getByText("Nothing needs to be done").waitFor();
    await kept.getByText("local-1a keeps 1: which, and why").click();
    await kept.getByText("users in local-1a: a peer is unheard; half of them stay").waitFor();
    assert.deepEqual(await visit.violations(), []);
    await page.screenshot({ path: join(shots, "Discovery-lost.png") });
    await page.setViewportSize({ width: 420, height: 800 });
    assert.deepEqual(await page.evaluate(cutPanels), [], "on a phone");
    visit.forgive(/503/);
    await page.getByLabel("Whose log").selectOption("local-1c");
    await page.getByText("local-1c does not answer: no answer within 1 s").waitFor();
    await page.getByLabel("Whose log").selectOption("local-1b");
    await page.getByText("registered UP at").first().waitFor();
  });

  test("the past is marked as such, is in the address, and one finds back to now", async () => {
    await using visit = await open("/discovery/catalog");
    const { page } = visit;
    await page.getByLabel("As it was").selectOption("1 min ago");
    await page.getByText("This is the past: as local-1a showed it").waitFor();
    assert.match(page.url(), /[?&]at=\d{4}-/);
    assert.equal(await page.getByRole("button", { name: /^Override / }).count(), 0, "nobody changes the past");
    assert.deepEqual(await visit.violations(), []);
    await page.getByRole("button", { name: "Back to now" }).click();
    await page.getByText("This is the past").waitFor({ state: "detached" });
    assert.doesNotMatch(page.url(), /at=/);
  });

  test("a circuit says why it is open, caller by caller, and a balancer why a server is put out and what was tried", async () => {
    await using visit = await open("/resilience");
    const { control, page } = visit;
    const ratings = page.getByRole("article", { name: "ratings" });
    await ratings.getByText("open in 1 of 3").waitFor();
    assert.equal(await page.getByRole("article").first().getAttribute("aria-label"), "ratings");
    await ratings.getByRole("link", { name: "ratings" }).click();
    const why = page.getByRole("dialog");
    await why.getByText("Circuit open in 1 of 3: 31 of 40 calls failed: 77 %, from 50 % on it opens").waitFor();
    await why.getByText("1 of 1 trial calls succeeded").waitFor();
    assert.match(page.url(), /command=ratings/);
    assert.deepEqual(await visit.violations(), []);
    await page.screenshot({ path: join(shots, "Resilience-why.png") });
    await page.keyboard.press("Escape");
    await why.waitFor({ state: "detached" });

    await page.getByRole("table", { name: "Balancers" }).getByRole("link").first().click();
    await page.getByRole("dialog").getByText("could not be connected to, 2 times in a row").waitFor();
    await page.getByText("retry, 200").waitFor();
    assert.deepEqual(await visit.violations(), []);
    await page.screenshot({ path: join(shots, "Resilience-balancer.png") });
    await page.keyboard.press("Escape");

    await page.getByLabel("Sort by").selectOption("name");
    await page.getByLabel("Find").fill("rat");
    await page.getByText("All circuits let calls through").waitFor({ state: "detached" });
    assert.equal(await page.getByRole("article").count(), 1);
    assert.match(page.url(), /sort=name/);
    const many = control.resilience();
    control.resilience = () => ({
      ...many,
      callers: many.callers.map((caller) => ({
        ...caller,
        commands: Array.from({ length: 200 }, (_, i) => ({
          ...(caller.commands[0] ?? assert.fail()),
          key: `rate-${i}`,
        })),
      })),
    });
    await page.getByRole("article", { name: "rate-199" }).waitFor();
    assert.equal(await page.getByRole("article").count(), 200);
    control.resilience = () => ({ ...many, callers: [], silent: [] });
    await page.getByText("No service has called another yet").waitFor();
  });

  test("a trace is found by its service, length or errors, and a span of it says what it did and logged", async () => {
    await using visit = await open("/traces");
    const { control, page } = visit;
    const rows = page.getByRole("table", { name: "Traces" }).getByRole("row");
    await page.getByText("GET /api/home").waitFor();
    await page.getByRole("button", { name: "Copy: npx holdfast traces", exact: true }).waitFor();
    await page.getByLabel("Service", { exact: true }).selectOption("ratings");
    await waitFor("one trace and the head", async () => (await rows.count()) === 2);
    await page.getByText("npx holdfast traces --service ratings").waitFor();
    await page.getByLabel("Service", { exact: true }).selectOption("");
    await page.getByLabel("At least").selectOption("1000");
    await page.getByRole("cell", { name: "slow" }).waitFor();
    await waitFor("one trace and the head", async () => (await rows.count()) === 2);
    await page.getByLabel("At least").selectOption("");
    await page.getByLabel("Outcome").selectOption("Something failed");
    await waitFor("one trace and the head", async () => (await rows.count()) === 2);
    assert.match(page.url(), /errors=1/);

    await page.getByRole("link", { name: "GET /api/home" }).click();
    await page.getByText("24 ms of it in ratings GET /ratings").waitFor();
    const lines = page.getByRole("list", { name: "Spans" }).getByRole("link");
    assert.equal(await lines.count(), 12);
    for (const note of ["status 503", "retry 1", "fallback: CALL_TIMED_OUT", "its parent is not here"])
      await page.getByText(note, { exact: true }).waitFor();
    await lines.filter({ hasText: "GET /home" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("on the critical path").waitFor();
    await dialog.getByText("home.ratings.missing").waitFor();
    assert.match(page.url(), /span=0000000000000003/);
    assert.deepEqual(await visit.violations(), []);
    await page.screenshot({ path: join(shots, "Trace-span.png") });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    await page.getByRole("link", { name: "All traces" }).click();
    control.traces.all = [];
    await page.getByText("No request was traced yet").waitFor();
    assert.deepEqual(await visit.violations(), []);
  });

  test("a key says what counts for whom and why; it is set, tried and rolled back with a reason and the command beside it", async () => {
    await using visit = await open("/config");
    const { control, page } = visit;
    const values = page.getByRole("table", { name: "Values" });
    await values.getByRole("link", { name: "ratings.limit" }).first().click();
    const key = page.getByRole("dialog");
    await key.getByText("is for appId ratings, this one has none").first().waitFor();
    await key.getByLabel("As this instance has it").selectOption({ index: 1 });
    await key.getByText("the most special of 2 values for it").waitFor();
    assert.match(page.url(), /key=ratings\.limit&for=i-/);
    assert.deepEqual(await visit.violations(), []);
    await page.screenshot({ path: join(shots, "Config-key.png") });

    await key.getByRole("button", { name: "Set another value" }).click();
    const form = page.getByRole("dialog", { name: "Set ratings.limit" });
    await form.getByRole("textbox", { name: "Value" }).fill("7");
    assert.equal(await form.getByRole("button", { name: "Set", exact: true }).isDisabled(), true, "without a reason");
    await form.getByRole("textbox", { name: "Why" }).fill("fewer now");
    await form
      .getByText(
        "npx holdfast config set ratings.limit 7 -s service=ratings -s env=prod -s zone=local-1a,local-1b --reason 'fewer now'",
      )
      .waitFor();
    assert.deepEqual(await visit.violations(), []);
    await form.getByRole("button", { name: "Set", exact: true }).click();
    await page.getByText("ratings.limit is set: revision 15.").waitFor();
    const scope = { appId: "ratings", env: "prod", zone: "local-1a,local-1b" };
    assert.deepEqual(control.calls.at(-1), {
      method: "POST",
      path: "/v1/config/changes",
      body: { edits: [{ key: "ratings.limit", scope, value: "7" }], reason: "fewer now" },
    });
    // A form that is still going away would take the key for itself.
    await form.waitFor({ state: "hidden" });
    await page.keyboard.press("Escape");
    await key.waitFor({ state: "hidden" });
    await values.getByText("7", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Set a value" }).click();
    await page.getByRole("textbox", { name: "Key" }).fill("api.timeout");
    await page.getByRole("textbox", { name: "Value" }).fill("2s");
    await page.getByLabel("How").selectOption("zone:local-1b");
    await page.getByRole("textbox", { name: "Why" }).fill("try");
    await page.getByText("npx holdfast config stage api.timeout 2s --steps zone:local-1b --reason try").waitFor();
    await page.screenshot({ path: join(shots, "Config-set.png") });
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByText("api.timeout is on trial").waitFor();
    assert.deepEqual(control.calls.at(-1)?.body, {
      key: "api.timeout",
      scope: {},
      value: "2s",
      reason: "try",
      steps: [{ zones: ["local-1b"] }],
    });

    await page.getByRole("button", { name: "Undo this" }).first().click();
    await page.getByText("1 value will change, everywhere at once:").waitFor();
    await page.getByRole("textbox", { name: "Why" }).fill("no");
    await page.screenshot({ path: join(shots, "Config-undo.png") });
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await page.getByText("Revision 16: undid revision 15.").waitFor();

    await page
      .getByRole("article", { name: "Trial of recommendations.timeout" })
      .getByRole("button", { name: "Take back" })
      .click();
    await page.getByRole("textbox", { name: "Why" }).fill("enough");
    await page.getByText("npx holdfast config stage --revert t-4f2a91 --reason enough").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
    await page.getByText("recommendations.timeout is taken back everywhere.").waitFor();
    await page.getByText("hear of every change at once").waitFor();

    const [listener] = control.config.listeners();
    control.config.silent.add(listener?.instance ?? "");
    await page.getByText(/1 of \d+ instances do not listen/).waitFor();
    control.config.state = "read-only";
    await page.getByText("Nothing can be changed now").waitFor();
    assert.deepEqual(await visit.violations(), []);
  });

  test("server groups stand side by side; one is resized, an instance stood by, each with its command", async () => {
    await using visit = await open("/clusters?q=catalog");
    const { control, page } = visit;
    const next = page.getByRole("article", { name: "movies-catalog-v002" });
    await next.getByText("no traffic").waitFor();
    await next.getByText("1 of 3 up: 2 start").waitFor();
    await next.getByRole("link", { name: /Pending:Wait in local-1c/ }).waitFor();
    assert.equal(await page.getByRole("article").count(), 2, "what does not match is not there");
    await page
      .getByRole("article", { name: "movies-catalog-v001" })
      .getByRole("link", { name: "movies-catalog-v001" })
      .click();
    const group = page.getByRole("dialog", { name: "movies-catalog-v001" });
    await group.getByText("node services/catalog/main.mjs").waitFor();
    assert.match(page.url(), /group=movies-catalog-v001/);
    assert.deepEqual(await visit.violations(), []);
    await page.screenshot({ path: join(shots, "Clusters-group.png") });
    await group.getByRole("button", { name: "Resize" }).click();
    const form = page.getByRole("dialog", { name: "Resize: movies-catalog-v001" });
    await form.getByLabel("Now").fill("12");
    assert.equal(
      await form.getByRole("button", { name: "Resize", exact: true }).isDisabled(),
      true,
      "more than at most",
    );
    await form.getByLabel("Now").fill("5");
    await form.getByText("npx holdfast group resize movies-catalog-v001 5 --min 3 --max 9").waitFor();
    assert.deepEqual(await visit.violations(), []);
    await form.getByRole("button", { name: "Resize", exact: true }).click();
    await form.waitFor({ state: "hidden" });
    assert.deepEqual(control.calls.at(-1), {
      method: "POST",
      path: "/v1/groups/movies-catalog-v001/resize",
      body: { min: 3, desired: 5, max: 9 },
    });
    await group
      .getByRole("button", { name: /^Stand by: i-/ })
      .first()
      .click();
    await page
      .getByRole("dialog")
      .getByText(/npx holdfast group standby movies-catalog-v001 i-/)
      .waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Stand by", exact: true }).click();
    await waitFor("the call", () => control.calls.at(-1)?.path === "/v1/groups/movies-catalog-v001/standby");
    control.groups = () => [];
    await page.getByText("No server group is there yet").waitFor();
  });

  test("hosts show what they carry and who waits; one is drained with the command beside it; none are declared", async () => {
    await using visit = await open("/capacity");
    const { control, page } = visit;
    await page.getByText("2 hosts: 1 has 0.25 of 2 cores left, 1 is draining").waitFor();
    const host = page.getByRole("article", { name: "Host small-0" });
    await host.getByText("3.75 cores of 4 cores").waitFor();
    await page.getByRole("article", { name: "Host small-5" }).getByText("drained by operator: a new disk").waitFor();
    await host.getByRole("button", { name: "Drain small-0" }).click();
    const form = page.getByRole("dialog", { name: "Drain small-0" });
    await form.getByText("npx holdfast host drain small-0").waitFor();
    assert.deepEqual(await visit.violations(), []);
    await form.getByRole("button", { name: "Drain", exact: true }).click();
    await page.getByText("small-0 is drained: 5 instances replaced elsewhere.").waitFor();
    assert.deepEqual(control.calls.at(-1), {
      method: "POST",
      path: "/v1/hosts/small-0/state",
      body: { state: "drained" },
    });
    const whole = control.capacity();
    control.capacity = () => ({ ...whole, declared: false, hosts: [], sets: [], capacityGroups: [], refusals: [] });
    await page.getByText("The application declares no hosts").waitFor();
    assert.deepEqual(await visit.violations(), []);
  });

  test("the network is disturbed with the command beside it, one sees between which zones, and ends it", async () => {
    await using visit = await open("/zones");
    const { control, page } = visit;
    const reach = page.getByRole("table", { name: "Who reaches whom" });
    const cell = (row: number, column: number) => reach.getByRole("row").nth(row).getByRole("cell").nth(column);
    assert.equal(await cell(2, 0).textContent(), "cut");
    assert.equal(await cell(1, 2).textContent(), "+80 ms (some)");
    assert.match((await cell(3, 0).textContent()) ?? "", /reaches it/);
    await page.getByRole("button", { name: "Disturb local-1c" }).click();
    const form = page.getByRole("dialog", { name: "Disturb the network" });
    await form.getByLabel("What", { exact: true }).selectOption("bandwidth");
    await form.getByText("Not to be had here: this kernel has no htb").waitFor();
    assert.equal(await form.getByRole("button", { name: "Begin" }).isDisabled(), true, "what cannot be had");
    await form.getByLabel("What", { exact: true }).selectOption("loss");
    await form.getByText("npx holdfast fault add loss --from local-1c --loss 10 --for 30s").waitFor();
    assert.deepEqual(await visit.violations(), []);
    await page.screenshot({ path: join(shots, "Zones-add.png") });
    await form.getByRole("button", { name: "Begin" }).click();
    await form.waitFor({ state: "hidden" });
    assert.deepEqual(control.calls.at(-1), {
      method: "POST",
      path: "/v1/faults",
      body: { kind: "loss", shape: "one", from: ["local-1c"], lossPercent: 10, for: "30s" },
    });
    await page.getByText("3 faults in force").waitFor();
    await page.getByRole("button", { name: "End now: partition-4f2a91" }).click();
    await page.getByRole("dialog").getByText("npx holdfast fault clear partition-4f2a91").waitFor();
    await page.getByRole("button", { name: "End it" }).click();
    await page.getByText("2 faults in force").waitFor();
    assert.equal(control.calls.at(-1)?.method, "DELETE");
    assert.match((await cell(2, 0).textContent()) ?? "", /reaches it/);
  });

  test("a moment older than what is kept says so, beside how it stands now, and another one can be chosen", async () => {
    await using visit = await open("/discovery");
    visit.forgive(/410/);
    const { page } = visit;
    await page.getByLabel("As it was").selectOption("1 h ago");
    await page.getByText("that moment is not in this peer's history").waitFor();
    assert.equal(await page.getByText("tries again by itself").count(), 0, "it would be refused again");
    await page.getByText("3 registries agree on 18 instances of 6 apps").waitFor();
    assert.deepEqual(await visit.violations(), []);
    const now = new Date();
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000 - 60_000).toISOString().slice(0, 19);
    await page.getByLabel("Exactly at").fill(local);
    await page.getByText("This is the past: as local-1a showed it").waitFor();
    await page.getByRole("table", { name: "Apps" }).getByText("3 of 3").first().waitFor();
  });

  for (const path of ["/instances", "/discovery"]) {
    test(`what is typed at any place of the Find field of ${path} stays where it was typed`, async () => {
      await using visit = await open(path);
      const { page } = visit;
      const find = page.getByLabel("Find", { exact: true });
      await find.focus();
      await page.keyboard.type("tlog");
      await page.keyboard.press("Home");
      await page.keyboard.type("ca");
      assert.equal(await find.inputValue(), "catlog");
      await waitFor("the address", () => page.url().endsWith("q=catlog"));
    });
  }

  test("scaling posts the number asked for and is followed to its end", async () => {
    await using visit = await open("/services");
    const { control, page } = visit;
    await page.getByRole("button", { name: "Scale api" }).click();
    await page.getByLabel("Instances", { exact: true }).fill("4");
    await page.getByText("npx holdfast scale api 4").waitFor();
    await page.getByRole("button", { name: "Scale", exact: true }).click();
    await waitFor("the call", () => control.calls.length === 1);
    assert.deepEqual(control.calls[0], { method: "POST", path: "/v1/services/api/scale", body: { desired: 4 } });
    await page.getByText("Scaling api to 4: succeeded").waitFor({ timeout: 10_000 });
  });

  test("a refused change stays in its dialog with the reason and the next step", async () => {
    await using visit = await open("/services");
    visit.forgive(/503/);
    const { control, page } = visit;
    control.readOnly = true;
    await page.getByRole("button", { name: "Restart api" }).click();
    await page.getByRole("button", { name: "Restart", exact: true }).click();
    const alert = page.getByRole("dialog").getByRole("alert");
    await alert.getByText("control: state cannot be written").waitFor();
    await alert.getByText("Free space on the disk.").waitFor();
  });

  test("a lost control is said so within seconds, and its return makes the page live again", async () => {
    await using visit = await open("/");
    visit.forgive(/ERR_CONNECTION|ERR_EMPTY|ERR_INCOMPLETE/);
    const { control, page } = visit;
    await page.getByText("All 5 services healthy in 3 zones").waitFor();
    await waitFor("every page's code", () => visit.loaded.some((path) => path.includes("activity-page")));
    await page.waitForLoadState("networkidle");
    const { port } = control;
    await control.close();
    await page.getByText("Reconnecting since").waitFor({ timeout: 5_000 });
    await page.getByText("All 5 services healthy in 3 zones").waitFor();
    assert.deepEqual(await visit.violations(), []);
    await page.getByRole("link", { name: "Services", exact: true }).click();
    await page.getByRole("heading", { name: "Services" }).waitFor();
    await page.getByRole("link", { name: "Home", exact: true }).click();
    control.status = { ...control.status, sentence: "Back again" };
    await control.listen(port);
    await page.getByText("Back again").waitFor({ timeout: 15_000 });
    await page.getByText("Reconnecting since").waitFor({ state: "detached" });
  });

  // Half a minute of waiting for real, so only in the full run.
  const whenFull = full ? test : () => undefined;
  void whenFull("a control that is stopped, with its sockets open, is found out by its silence", async () => {
    await using visit = await open("/");
    const { control, page } = visit;
    visit.forgive(/./);
    await page.getByText("All 5 services").waitFor();
    control.silent = true;
    await page.getByText("Reconnecting since").waitFor({ timeout: 40_000 });
    control.silent = false;
    await page.getByText("Reconnecting since").waitFor({ state: "detached", timeout: 20_000 });
  });

  test("without a session the page says how to get one, and comes alive once there is one", async () => {
    await using visit = await open("/");
    visit.forgive(/401/);
    const { control, page } = visit;
    await page.getByText("All 5 services").waitFor();
    control.signedIn = false;
    await page.reload();
    await page.getByRole("heading", { name: "This console needs a key" }).waitFor();
    await page.getByText("npx holdfast open").waitFor();
    assert.deepEqual(await visit.violations(), []);
    control.signedIn = true;
    await page.getByText("All 5 services").waitFor({ timeout: 15_000 });
  });

  test("with nothing deployed every page says what would change that", async () => {
    await using visit = await open("/");
    const { control, page } = visit;
    control.instances = [];
    control.activities = [];
    control.status = { ...control.status, verdict: "starting", sentence: "Nothing deployed yet", services: [] };
    for (const [path, sees] of [
      ["/", "Nothing has happened yet."],
      ["/services", "No services yet."],
      ["/instances", "No instances yet."],
      ["/activity", "Nothing has happened yet."],
    ] as const) {
      await page.goto(control.url + path);
      await page.getByText(sees).waitFor();
      assert.deepEqual(await visit.violations(), []);
    }
  });

  test("the first load of Home stays within 220 KB of script and 36 KB of style, compressed", async () => {
    await using visit = await open("/");
    await visit.page.getByText("All 5 services").waitFor();
    const size = (ending: string): number =>
      visit.loaded
        .filter((path) => path.endsWith(ending))
        .reduce((sum, path) => sum + gzipSync(readFileSync(join(directory.path, "files", path))).length, 0);
    assert.ok(size(".js") > 0 && size(".js") <= 220 * 1_024, `${size(".js")} bytes of script`);
    assert.ok(size(".css") > 0 && size(".css") <= 36 * 1_024, `${size(".css")} bytes of style`);
  });
});

/** One page in one browser profile with one control, and what the page asked for and complained of. */
class Visit implements AsyncDisposable {
  readonly control: FakeControl;
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly loaded: string[] = [];
  readonly foreign: string[] = [];
  readonly complaints: string[] = [];
  #forgiven = /^$/;

  constructor(control: FakeControl, context: BrowserContext, page: Page) {
    this.control = control;
    this.page = page;
    this.#context = context;
    const own = control.url;
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin === own) this.loaded.push(url.pathname);
      else this.foreign.push(request.url());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (!this.#forgiven.test(message.text())) this.complaints.push(message.text());
    });
  }

  /** Complaints that the test is about to provoke. */
  forgive(pattern: RegExp): void {
    this.#forgiven = pattern;
  }

  /** What axe-core has against the page as it is now: rule and the elements concerned. */
  async violations(): Promise<readonly string[]> {
    await this.page.evaluate(readFileSync(axePath, "utf8"));
    return this.page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then((result) =>
      result.violations.map((one) => one.id + ": " + one.nodes.map((node) => node.target + " " + (node.any[0]?.message ?? "")).join(" | ")))`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await this.control.close().catch(() => {});
    assert.deepEqual(this.complaints, [], "the page complained");
  }
}
