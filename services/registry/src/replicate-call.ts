import { type Agent, request } from "node:http";
import { type Clock, type InstanceId, PlatformError } from "@holdfast/kernel";
import { RegistryPaths, type SeenAnswer } from "@holdfast/wire";
import type { Replica } from "./lease-table.ts";

/** `[id, incarnation, version, age of the renewal in ms]`. */
export type Renewal = readonly [InstanceId, number, number, number];

/** `POST /v1/registry/replicate`. */
export interface ReplicateRequest {
  readonly from: string;
  /** This is all the sender knows, and it wants all the receiver knows. */
  readonly full: boolean;
  readonly replicas: readonly Replica[];
  readonly renewals: readonly Renewal[];
  /** The answer waits so long for the listeners of `awaitApp` to apply `replicas`; 0 does not wait. */
  readonly awaitSeenMs: number;
  readonly awaitApp?: string;
}

export interface ReplicateAnswer {
  /** What the receiver knows better than the request said; when `full`, all it knows. */
  readonly replicas: readonly Replica[];
  /** Renewals of instances it does not know: their records, please. */
  readonly unknown: readonly InstanceId[];
  readonly seen?: SeenAnswer;
}

/** How peers talk: HTTP in production, a simulated network under test. */
export type ReplicateCall = (body: ReplicateRequest, timeoutMs: number) => Promise<ReplicateAnswer>;

const answerCharsMax = 64 * 1024 * 1024;

/** A {@link ReplicateCall} over HTTP to the peer at `base`. */
export function httpReplicateCall(clock: Clock, agent: Agent, base: string): ReplicateCall {
  const url = new URL(RegistryPaths.replicate, base);
  return (body, timeoutMs) =>
    new Promise((resolve, reject) => {
      const payload = Buffer.from(JSON.stringify(body));
      const headers = { "content-type": "application/json", "content-length": payload.length };
      const fail = (error: unknown): void => {
        timer.cancel();
        reject(error);
      };
      const call = request(url, { method: "POST", headers, agent }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > answerCharsMax) call.destroy(new Error("its answer is too long"));
        });
        response.on("error", fail);
        response.on("end", () => {
          timer.cancel();
          const answer = readAnswer(text);
          if (response.statusCode === 200 && answer !== undefined) return resolve(answer);
          const message = `registry ${base}: answered ${response.statusCode}, not as a peer`;
          reject(new PlatformError("PEER_ANSWER_INVALID", message, { status: 502 }));
        });
      });
      const timer = clock.after(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      call.on("error", fail);
      call.end(payload);
    });
}

function readAnswer(text: string): ReplicateAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return undefined;
    if (!("replicas" in answer) || !Array.isArray(answer.replicas)) return undefined;
    return "unknown" in answer && Array.isArray(answer.unknown) ? (answer as ReplicateAnswer) : undefined;
  } catch {
    return undefined;
  }
}
