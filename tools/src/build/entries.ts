/** One program of the product and the file it is bundled from. */
export interface BuildEntry {
  readonly name: string;
  /** Path from the repository's root. */
  readonly source: string;
  /** `single`: one file without chunks, cheap to start many times. `chunks`: a folder whose parts load when needed. */
  readonly form: "single" | "chunks";
}

export const buildEntries: readonly BuildEntry[] = [
  { name: "agent", source: "engines/process/src/main.ts", form: "single" },
  { name: "fault-hook", source: "engines/process/src/loopback/main.ts", form: "single" },
  { name: "delay-relay", source: "engines/process/src/network/delay-relay.ts", form: "single" },
  { name: "door", source: "holdfast/src/door/main.ts", form: "single" },
  { name: "container-agent", source: "holdfast/src/container-agent/main.ts", form: "single" },
  { name: "control", source: "holdfast/src/control/main.ts", form: "single" },
  { name: "sqlite-worker", source: "services/cloud/src/store/sqlite-worker.ts", form: "single" },
  { name: "config-worker", source: "services/config/src/store/config-worker.ts", form: "single" },
  { name: "registry", source: "services/registry/src/main.ts", form: "single" },
  { name: "gateway", source: "services/gateway/src/main.ts", form: "single" },
  { name: "balancer", source: "services/balancer/src/main.ts", form: "single" },
  { name: "sidecar", source: "runtime/sidecar/src/main.ts", form: "single" },
  { name: "up", source: "holdfast/src/up/main.ts", form: "single" },
  { name: "prepare", source: "holdfast/src/app-file/main.ts", form: "chunks" },
  // What an application file gets for `import … from "holdfast"` while it is read: the same code in one quick file.
  { name: "facade", source: "holdfast/src/index.ts", form: "single" },
  { name: "cli", source: "holdfast/src/cli/main.ts", form: "chunks" },
];

/** Loaded from `node_modules` at run time: native or too large to copy into each bundle. */
export const externals: readonly RegExp[] = [/^rolldown(\/|$)/, /^typescript(\/|$)/, /^vite(\/|$)/];
