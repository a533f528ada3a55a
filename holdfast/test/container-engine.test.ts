import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { engineConformance, PodmanService } from "@holdfast/testing/engine-conformance";
import { PodmanPlace } from "./podman-world.ts";

/** Two minutes of starting containers, one after the other: of the full size. */
const isFull = process.env["HOLDFAST_FULL"] === "1";
const missing = isFull ? PodmanService.missing : "only with HOLDFAST_FULL=1";

describe("with podman", { skip: missing === false ? false : `skipped: ${missing}` }, () => {
  const place = new PodmanPlace();

  before(() => place.start());

  after(async () => {
    const left = place.podman.run("ps", "--all", "--quiet").trim();
    await place[Symbol.asyncDispose]();
    assert.equal(left, "");
  });

  engineConformance({
    name: "the container engine",
    cannot: { shell: "there is no shell in an image of ours" },
    skip: false,
    open: () => place.open(),
  });
});
