import assert from "node:assert/strict";
import { test } from "node:test";
import { layerFaults, type Room, readRooms } from "../src/layers.ts";

function room(folder: string, more: Partial<Room> = {}): Room {
  return { name: `@holdfast/${folder.split("/").at(-1)}`, folder, doors: ["."], declared: [], imports: [], ...more };
}

test("every import of the house goes down a floor, through an index", () => {
  assert.deepEqual(layerFaults(readRooms()), []);
});

test("an upward, a sideways and an undeclared edge are each found", () => {
  const rooms = [
    room("kernel", { declared: ["@holdfast/wire"] }),
    room("wire"),
    room("services/registry", { declared: ["@holdfast/cloud"] }),
    room("services/cloud", {
      imports: [{ file: "services/cloud/src/a.ts", specifier: "@holdfast/wire", isTest: false }],
    }),
  ];
  assert.deepEqual(layerFaults(rooms), [
    "kernel leans on wire, which is not on a floor below it",
    "services/registry leans on services/cloud, which is not on a floor below it",
    "services/cloud/src/a.ts: imports @holdfast/wire, which services/cloud does not declare",
  ]);
});

test("reaching past an index or out of a room is found", () => {
  const rooms = [
    room("wire"),
    room("services/cloud", {
      declared: ["@holdfast/wire"],
      imports: [
        { file: "services/cloud/src/a.ts", specifier: "@holdfast/wire/src/sse.ts", isTest: false },
        { file: "services/cloud/src/a.ts", specifier: "../../registry/src/store.ts", isTest: false },
      ],
    }),
  ];
  assert.deepEqual(layerFaults(rooms), [
    "services/cloud/src/a.ts: imports past the index of wire (@holdfast/wire/src/sse.ts)",
    "services/cloud/src/a.ts: reaches out of its room to ../../registry/src/store.ts",
  ]);
});
