import type { ActivityView, DiscoveryInstance, InstanceView, StatusView } from "@holdfast/wire/control";

/** How a state looks. Each tone has a colour AND a shape of its own; the word is always beside it or in its label. */
export type Tone = "good" | "busy" | "warn" | "bad" | "idle";

export type AnyState =
  | InstanceView["status"]
  | StatusView["verdict"]
  | ActivityView["outcome"]
  | DiscoveryInstance["status"]
  | "unreachable";

const tones: Readonly<Record<AnyState, Tone>> = {
  up: "good",
  healthy: "good",
  succeeded: "good",
  starting: "busy",
  running: "busy",
  degraded: "warn",
  unhealthy: "warn",
  unreachable: "warn",
  down: "bad",
  failed: "bad",
  draining: "idle",
  stopped: "idle",
  cancelled: "idle",
  // As the registry spells them.
  UP: "good",
  STARTING: "busy",
  OUT_OF_SERVICE: "idle",
  DOWN: "bad",
  UNKNOWN: "idle",
};

export function toneOf(state: AnyState): Tone {
  return tones[state];
}
