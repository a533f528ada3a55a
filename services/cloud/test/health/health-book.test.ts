import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceId } from "@holdfast/kernel";
import { FakeClock } from "@holdfast/testing";
import { newGroup, type ServerGroup } from "../../src/group.ts";
import { HealthBook, type HealthWord } from "../../src/health/health-book.ts";
import { matches } from "../../src/health/matcher.ts";
import type { HealthCheckType } from "../../src/index.ts";
import { definition } from "../world.ts";

const id = "i-1" as InstanceId;
const cluster = "movies-catalog";

function groupThatAsks(...healthChecks: HealthCheckType[]): ServerGroup {
  const group = newGroup({ definition: definition("catalog", 3), name: `${cluster}-v000`, desired: 3 });
  return { ...group, settings: { ...group.settings, healthChecks } };
}

class Scene {
  readonly clock = new FakeClock();
  readonly book = new HealthBook(this.clock);

  /** Words on one instance: `+` good, `-` bad. */
  say(words: string, more: Partial<HealthWord> = {}): void {
    for (const word of words) {
      const healthy = word === "+";
      this.book.report(cluster, { id, checker: "registry", healthy, reason: healthy ? "UP" : "no lease", ...more });
    }
  }
}

const listening = groupThatAsks("process", "registry");

test("a checker that flaps convinces nobody; three bad words in a row do, and two good ones take them back", () => {
  const { book, say } = bound(new Scene());
  for (let i = 0; i < 50; i++) say(i % 3 === 2 ? "+" : "-");
  assert.equal(book.sickness(listening, id), undefined);
  say("---");
  assert.equal(book.sickness(listening, id), "registry: no lease");
  assert.equal(book.sickness(groupThatAsks("process"), id), undefined, "a group that does not listen to the registry");
  say("+-+-+-+-+-");
  assert.equal(book.sickness(listening, id), "registry: no lease", "flapping does not make it well either");
  say("++");
  assert.equal(book.sickness(listening, id), undefined);
});

test("what a checker said and never took back is forgotten when it falls silent", async () => {
  const { book, clock, say } = bound(new Scene());
  say("+---");
  await clock.advance(59_000);
  assert.equal(book.sickness(listening, id), "registry: no lease");
  await clock.advance(2_000);
  assert.equal(book.sickness(listening, id), undefined);
  assert.deepEqual(
    book.verdicts(listening, id).map(({ counts, note }) => [counts, note]),
    [[false, "it has fallen silent"]],
  );
});

test("one that asks rarely is believed until its next answers are overdue", async () => {
  const { book, clock, say } = bound(new Scene());
  say("+---", { believedForMs: 300_000 });
  await clock.advance(299_000);
  assert.equal(book.sickness(listening, id), "registry: no lease");
  await clock.advance(2_000);
  assert.equal(book.sickness(listening, id), undefined);
});

test("a check that nobody has ever passed is suspected itself, and counts from the first pass on", () => {
  const { book, say } = bound(new Scene());
  say("-----");
  assert.equal(book.sickness(listening, id), undefined);
  assert.deepEqual(book.verdicts(listening, id), [
    {
      checker: "registry",
      healthy: false,
      reason: "no lease",
      counts: false,
      note: "no instance of movies-catalog has ever passed it: the check itself is suspected",
    },
  ]);
  const other = "i-2" as InstanceId;
  assert.equal(book.report(cluster, { id: other, checker: "registry", healthy: true, reason: "UP" }), true);
  assert.equal(book.sickness(listening, id), "registry: no lease");
});

test("another path is another check: it has to be passed once before it counts", () => {
  const { book, say } = bound(new Scene());
  const asking = groupThatAsks("http");
  say("+---", { checker: "http", question: "GET /health" });
  assert.equal(book.sickness(asking, id), "http: no lease");
  say("---", { checker: "http", question: "GET /typo" });
  assert.equal(book.sickness(asking, id), undefined);
});

test("thresholds are the check's own", () => {
  const { book, say } = bound(new Scene());
  const thresholds = { badInARow: 1, goodInARow: 5 };
  say("+-", { thresholds });
  assert.equal(book.sickness(listening, id), "registry: no lease");
  say("++++", { thresholds });
  assert.equal(book.verdicts(listening, id)[0]?.note, "4 good of 5 in a row");
  assert.equal(book.sickness(listening, id), "registry: no lease");
  say("+", { thresholds });
  assert.equal(book.sickness(listening, id), undefined);
});

for (const [matcher, good, bad] of [
  ["200", [200], [201, 199, 302, 500]],
  ["200,204", [200, 204], [201, 203]],
  ["200-299", [200, 250, 299], [199, 300]],
  ["200,300-399,418", [200, 300, 399, 418], [204, 299, 400, 417]],
] as const) {
  test(`the matcher ${matcher} takes just ${good.join(", ")} of them`, () => {
    assert.deepEqual(
      [...good, ...bad].filter((status) => matches(matcher, status)),
      [...good],
    );
  });
}

/** The scene's parts, its method bound. */
function bound(scene: Scene): { book: HealthBook; clock: FakeClock; say: Scene["say"] } {
  return { book: scene.book, clock: scene.clock, say: (words, more) => scene.say(words, more) };
}
