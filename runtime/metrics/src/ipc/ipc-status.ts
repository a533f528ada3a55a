/** The general outcome of a call, as Atlas' IPC specification lists them. */
export type IpcStatus =
  | "success"
  | "bad_request"
  | "unexpected_error"
  | "connection_error"
  | "unavailable"
  | "throttled"
  | "timeout"
  | "cancelled"
  | "access_denied";

const special: ReadonlyMap<number, IpcStatus> = new Map([
  [401, "access_denied"],
  [402, "access_denied"],
  [403, "access_denied"],
  [404, "success"],
  [407, "access_denied"],
  [408, "timeout"],
  [429, "throttled"],
  [499, "cancelled"],
  // Netflix' convention, and ours: a server that has too much to do says 503.
  [503, "throttled"],
  [504, "timeout"],
  [511, "access_denied"],
]);

/** Spectator's `IpcStatus.forHttpStatus`, with 504 as a timeout and 499, which is nginx' own, as cancelled. */
export function ipcStatusOfHttp(status: number): IpcStatus {
  const known = special.get(status);
  if (known !== undefined) return known;
  if (status >= 100 && status < 400) return "success";
  return status >= 400 && status < 500 ? "bad_request" : "unexpected_error";
}

/** `ipc.attempt`, by how many attempts came before. */
export const ipcAttempts = ["initial", "second", "third_up"] as const;

/** The tags that all metrics of ours have in common. */
export const ipcOwner: Readonly<Record<string, string>> = { owner: "holdfast", "ipc.protocol": "http_1" };
