import { type Agent, request } from "node:http";
import { type Clock, type InstanceId, messageOf, PlatformError } from "@holdfast/kernel";
import { type ProbeView, RegistryPaths, type SeenAnswer } from "@holdfast/wire";
import type { Replica } from "./lease.ts";
import { readReplicateAnswer } from "./validate.ts";

/** `[app, id, incarnation, version, age of the renewal in ms]`. */
export type Renewal = readonly [string, InstanceId, number, number, number];

/** One of `count` parts of all there is, by the hash of the key. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/** Accounts of a peer that we could not read and left out. */
export interface Unread {
  readonly count: number;
  /** What is wrong with the first of them. */
  readonly fault: string;
}

/** `POST /v1/registry/replicate`. */
export interface ReplicateRequest {
  readonly from: string;
  /** The sender's zone. */
  readonly zone?: string;
  /** The sender's cluster time; see `ClusterClock`. */
  readonly clockMs?: number;
  /** The replicas are all the sender knows of this part, and it wants all the receiver knows of it. */
  readonly part?: Part;
  readonly replicas: readonly Replica[];
  readonly renewals: readonly Renewal[];
  /** The sender's digest of all it has registered, when nothing is under way. */
  readonly digest?: number;
  /** The answer waits so long for the listeners of `awaitApp` to apply `replicas`; 0 does not wait. */
  readonly awaitSeenMs: number;
  readonly awaitApp?: string;
  /** What does the receiver see of this instance's port? */
  readonly probe?: { readonly app: string; readonly id: string };
  /** Not sent: what was left out when it was read. */
  readonly unread?: Unread;
}

export interface ReplicateAnswer {
  /** What the receiver knows better than the request said; with `part`, all it knows of that part. */
  readonly replicas: readonly Replica[];
  /** `[app, id]` of renewals of instances it does not know: their records, please. */
  readonly unknown: readonly (readonly [string, InstanceId])[];
  readonly seen?: SeenAnswer;
  readonly name?: string;
  readonly zone?: string;
  readonly clockMs?: number;
  /** It has heard its own peers (or given them up), so that what it knows is to be believed. */
  readonly synced?: boolean;
  /** How much it knows: instances, removals, overrides; and about how many bytes that takes. */
  readonly size?: number;
  readonly bytes?: number;
  /** Whether its digest is the sender's. */
  readonly agrees?: boolean;
  readonly probe?: ProbeView;
  /** Not sent: what was left out when it was read. */
  readonly unread?: Unread;
}

/** How peers talk: HTTP in production, a simulated network under test. */
export type ReplicateCall = (body: ReplicateRequest, timeoutMs: number) => Promise<ReplicateAnswer>;

const answerCharsMax = 16 * 1024 * 1024;

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
          try {
            resolve(readAnswer(response.statusCode ?? 0, text));
          } catch (error) {
            const message = `registry ${base}: did not answer as a peer: ${messageOf(error)}`;
            reject(new PlatformError("PEER_ANSWER_INVALID", message, { status: 502, cause: error }));
          }
        });
      });
      const timer = clock.after(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      call.on("error", fail);
      call.end(payload);
    });
}

/** @throws whatever is wrong with it, or what the peer says is wrong with us. */
function readAnswer(status: number, text: string): ReplicateAnswer {
  const body: unknown = JSON.parse(text);
  if (status === 200) return readReplicateAnswer(body);
  const said = typeof body === "object" && body !== null && "detail" in body ? String(body.detail) : "no reason given";
  throw new Error(`${status}, ${said}`);
}
