/** How the page is kept up to date. All times are wall ms. */
export type LiveState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly heardAtMs: number }
  /** The page is in the background and has let its connection go. */
  | { readonly kind: "resting"; readonly heardAtMs: number }
  | { readonly kind: "reconnecting"; readonly sinceMs: number; readonly heardAtMs: number | undefined };

export type LiveInput = "opened" | "heard" | "lost" | "hidden" | "shown";

/** A live connection that says nothing for so long is looked at by asking, in ms. */
export const quietMaxMs = 10_000;

export function nextLiveState(state: LiveState, input: LiveInput, nowMs: number): LiveState {
  const heardAtMs = state.kind === "connecting" ? undefined : state.heardAtMs;
  switch (input) {
    case "opened":
    case "heard":
      return { kind: "live", heardAtMs: nowMs };
    case "lost":
      // The first loss counts: later failed attempts must not make the outage look younger than it is.
      return state.kind === "reconnecting" ? state : { kind: "reconnecting", sinceMs: nowMs, heardAtMs };
    case "hidden":
      return state.kind === "live" ? { kind: "resting", heardAtMs: state.heardAtMs } : state;
    case "shown":
      return state.kind === "resting" ? { kind: "connecting" } : state;
  }
}

/** True when nothing was heard for so long that the connection must be looked at. Control sends on change only. */
export function isQuiet(state: LiveState, nowMs: number): boolean {
  return state.kind === "live" && nowMs - state.heardAtMs >= quietMaxMs;
}

/** Wait before connection attempt `failures + 1`, in ms: 1 s doubling to 10 s. */
export function reconnectDelayMs(failures: number): number {
  return Math.min(10_000, 1_000 * 2 ** Math.max(0, failures - 1));
}
