import type { StatusView } from "@holdfast/wire/control";

export interface UpUrls {
  readonly console: string;
  readonly edge: string;
  readonly registry: string;
}

/** What the supervisor tells whoever watches it: a terminal, a pipe, `--json`, or the process that detached it. */
export type UpEvent =
  | {
      readonly event: "plan";
      readonly application: string;
      readonly stateDirectory: string;
      readonly urls: UpUrls;
      readonly kept: boolean;
    }
  /** What is being waited for now; one sentence. */
  | { readonly event: "waiting"; readonly for: string }
  | { readonly event: "note"; readonly text: string }
  | { readonly event: "warning"; readonly text: string }
  | {
      readonly event: "process";
      readonly name: string;
      readonly change: "started" | "adopted" | "exited";
      readonly text: string;
    }
  | { readonly event: "login"; readonly url: string }
  | { readonly event: "status"; readonly status: StatusBrief }
  | {
      readonly event: "ready";
      readonly seconds: number;
      readonly application: string;
      readonly urls: UpUrls;
      readonly stateDirectory: string;
      readonly pid: number;
    }
  | { readonly event: "stopping"; readonly text: string }
  | { readonly event: "stopped"; readonly seconds: number }
  | { readonly event: "failed"; readonly code: string; readonly message: string; readonly next: string | undefined };

/** As much of the status as a progress display needs. */
export interface StatusBrief {
  readonly verdict: StatusView["verdict"];
  readonly sentence: string;
  readonly reasons: readonly string[];
  readonly services: readonly {
    readonly name: string;
    readonly up: number;
    readonly desired: number;
    readonly state: string;
    readonly reason: string;
  }[];
}

export function briefOf(status: StatusView): StatusBrief {
  return {
    verdict: status.verdict,
    sentence: status.sentence,
    reasons: status.reasons,
    services: status.services.map(({ name, up, desired, state, reason }) => ({ name, up, desired, state, reason })),
  };
}
