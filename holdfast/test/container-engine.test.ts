import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import {
  type ContainerService,
  DockerService,
  engineConformance,
  PodmanService,
} from "@holdfast/testing/engine-conformance";
import { ContainerPlace } from "./container-place.ts";

interface Kind {
  new (directory: string): ContainerService;
  readonly missing: string | false;
}

/** Two minutes of starting containers, one after the other: of the full size. */
const isFull = process.env["HOLDFAST_FULL"] === "1";

for (const [name, Service] of Object.entries<Kind>({ podman: PodmanService, docker: DockerService })) {
  const missing = isFull ? Service.missing : "only with HOLDFAST_FULL=1";
  describe(`with ${name}`, { skip: missing === false ? false : `skipped: ${missing}` }, () => {
    const place = new ContainerPlace((directory) => new Service(directory));

    before(() => place.start());

    after(async () => {
      const left = place.service.run("ps", "--all", "--quiet").trim();
      await place[Symbol.asyncDispose]();
      assert.equal(left, "");
    });

    engineConformance({
      name: `the container engine on ${name}`,
      cannot: { shell: "there is no shell in an image of ours" },
      skip: false,
      open: () => place.open(),
    });
  });
}
