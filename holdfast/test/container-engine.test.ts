import { after, before, describe } from "node:test";
import {
  type Cannot,
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

const shell = "there is no shell in an image of ours";
/** Tried with Podman 4.3 and Docker 20.10. */
const kinds: readonly { readonly name: string; readonly Service: Kind; readonly cannot: Cannot }[] = [
  { name: "podman", Service: PodmanService, cannot: { shell } },
  {
    name: "docker",
    Service: DockerService,
    cannot: { shell, "unfinished-lines": "Docker hands on a line once it has ended, or its container" },
  },
];

for (const { name, Service, cannot } of kinds) {
  const missing = isFull ? Service.missing : "only with HOLDFAST_FULL=1";
  describe(`with ${name}`, { skip: missing === false ? false : `skipped: ${missing}` }, () => {
    let place: ContainerPlace;

    before(async () => {
      place = await ContainerPlace.start((directory) => new Service(directory));
    });

    after(() => place[Symbol.asyncDispose](), { timeout: 60_000 });

    engineConformance({
      name: `the container engine on ${name}`,
      cannot,
      skip: false,
      open: () => place.open(),
    });
  });
}
