import assert from "node:assert/strict";
import { test } from "node:test";
import { RandomPicker } from "../../src/pick/random.ts";
import { RoundRobinPicker } from "../../src/pick/round-robin.ts";
import { chance, countPicks, imbalanceOf, requestOf, serversOf } from "./servers.ts";

function first<T>(list: readonly T[]): T {
  const [item] = list;
  assert.ok(item !== undefined);
  return item;
}

test("round robin: each server once, then each once again in the same order", () => {
  const servers = serversOf(5);
  const picker = new RoundRobinPicker(chance());
  const ids = Array.from({ length: 15 }, () => picker.pick(servers, requestOf())?.id);
  assert.equal(new Set(ids.slice(0, 5)).size, 5);
  assert.deepEqual(ids.slice(5, 10), ids.slice(0, 5));
  assert.deepEqual(ids.slice(10), ids.slice(0, 5));
});

test("round robin: callers that start together do not all begin with the same server", () => {
  const servers = serversOf(10);
  const firsts = Array.from({ length: 50 }, (_, i) => new RoundRobinPicker(chance(i)).pick(servers, requestOf())?.id);
  assert.ok(new Set(firsts).size >= 8, `${new Set(firsts).size}`);
});

test("round robin: half the weight is half the calls, double the weight double", () => {
  const servers = serversOf(4);
  const [light, heavy] = servers;
  assert.ok(light !== undefined && heavy !== undefined);
  light.share = 0.5;
  heavy.share = 2;
  const picker = new RoundRobinPicker(chance());
  const counts = countPicks(servers, 4_500, () => picker.pick(servers, requestOf()));
  for (const [id, count] of [
    ["s-0", 500],
    ["s-1", 2_000],
    ["s-2", 1_000],
    ["s-3", 1_000],
  ] as const)
    assert.ok(Math.abs((counts.get(id) ?? 0) - count) <= 2, `${id}: ${counts.get(id)}`);
});

test("round robin: servers that all weigh next to nothing are served all the same, evenly", () => {
  const servers = serversOf(100);
  for (const server of servers) server.share = 0.001;
  const picker = new RoundRobinPicker(chance());
  const counts = countPicks(servers, 10_000, () => picker.pick(servers, requestOf()));
  assert.ok(imbalanceOf(counts) < 1.2, `${imbalanceOf(counts)}`);
});

test("round robin: a list that changes all the time does not favour anybody, nor a light server", () => {
  const servers = serversOf(10);
  first(servers).share = 0.1;
  const picker = new RoundRobinPicker(chance());
  const counts = countPicks(servers, 20_000, () => picker.pick([...servers], requestOf()));
  const others = [...counts.values()].slice(1);
  assert.ok(Math.max(...others) / Math.min(...others) < 1.2, others.join());
  const share = ((counts.get("s-0") ?? 0) * 9) / others.reduce((sum, count) => sum + count, 0);
  assert.ok(share > 0.08 && share < 0.12, `${share}`);
});

test("round robin: a list that shrinks below the place it is at goes on from its beginning", () => {
  const servers = serversOf(10);
  const picker = new RoundRobinPicker(chance());
  for (let i = 0; i < 9; i++) picker.pick(servers, requestOf());
  const two = servers.slice(0, 2);
  const counts = countPicks(two, 10, () => picker.pick(two, requestOf()));
  assert.deepEqual([...counts.values()], [5, 5]);
  assert.equal(picker.pick([], requestOf()), undefined);
});

test("random: even, and half the weight is half the calls", () => {
  const servers = serversOf(10);
  first(servers).share = 0.5;
  const picker = new RandomPicker(chance());
  const counts = countPicks(servers, 19_000, () => picker.pick(servers, requestOf()));
  const light = counts.get("s-0") ?? 0;
  assert.ok(light > 900 && light < 1_100, `${light} of 1,000`);
  counts.delete("s-0");
  assert.ok(imbalanceOf(counts) < 1.1, `${imbalanceOf(counts)}`);
});

test("random: servers that all weigh next to nothing are served all the same", () => {
  const servers = serversOf(3);
  for (const server of servers) server.share = 0.0001;
  const picker = new RandomPicker(chance());
  assert.ok(imbalanceOf(countPicks(servers, 3_000, () => picker.pick(servers, requestOf()))) < 1.1);
  assert.equal(picker.pick([], requestOf()), undefined);
});
