import type { IncomingMessage, ServerResponse } from "node:http";
import { type Log, messageOf, PlatformError } from "@holdfast/kernel";
import { type InstanceStatus, instanceStatuses } from "@holdfast/wire";
import { decodeInstance, decodeReplicationList, encodeInstance, encodeReplicationAnswers } from "@holdfast/wire/eureka";
import { answerDocument, answerEmpty, answerText } from "./answer.ts";
import type { EurekaActions, StatusOrder } from "./eureka-actions.ts";
import { type EurekaPath, queryValue, readEurekaPath } from "./eureka-path.ts";
import type { EurekaReads } from "./eureka-reads.ts";
import type { Heartbeat, Heartbeats } from "./heartbeats.ts";
import { appKey, idKey, isUsableApp } from "./keys.ts";
import { formatOfBody, isReplication, wantedBy } from "./negotiate.ts";
import { takeBatch } from "./peer-replication.ts";
import { readBody } from "./read-body.ts";
import type { GateAnswer, ReadGate } from "./read-gate.ts";
import { refusalOf } from "./register-check.ts";

/** As much as an instance of ours may say of itself. */
const instanceBytesMax = 64 * 1024;
/** 250 items of up to 32 KiB. */
const batchBytesMax = 8 * 1024 * 1024;

export interface EurekaHandlerParts {
  readonly log: Log;
  readonly actions: EurekaActions;
  readonly reads: EurekaReads;
  readonly gate: ReadGate;
  readonly heartbeats: Heartbeats;
}

/** Answers a request to Eureka's API; false when it is none, and nothing was done. */
export type EurekaHandler = (req: IncomingMessage, res: ServerResponse) => boolean;

type Route = (req: IncomingMessage, res: ServerResponse, path: EurekaPath) => void | Promise<void>;

/** Eureka's REST operations, at `/eureka/v2`, `/eureka/v1`, `/eureka` and `/v2`. */
export function eurekaHandler(parts: EurekaHandlerParts): EurekaHandler {
  const resources = resourcesOf(parts);
  const { actions, gate, heartbeats } = parts;
  return (req, res) => {
    try {
      const heartbeat = req.method === "PUT" ? heartbeats.get(req.url ?? "/") : undefined;
      if (heartbeat !== undefined && gate.write().kind === "open") {
        answerHeartbeat(actions, req, res, heartbeat);
        return true;
      }
      const path = readEurekaPath(req.url ?? "/");
      if (path === undefined) return false;
      const working = resources(req, res, path);
      if (working !== undefined) working.catch((error: unknown) => fail(parts.log, req, res, error));
    } catch (error) {
      fail(parts.log, req, res, error);
    }
    return true;
  };
}

/** Finds what a path names, by its first part and length, and by the method. */
function resourcesOf(parts: EurekaHandlerParts): Route {
  const { gate, reads } = parts;
  const writes = writesOf(parts);
  const read = (run: Route): Route => gated(() => gate.read(), run);
  const write = (run: Route): Route => gated(() => gate.write(), run);
  const get = (run: Route): Methods => ({ GET: run, HEAD: run });
  const apps: readonly (Methods | undefined)[] = [
    get(read(reads.all)),
    { ...get(read(reads.application)), POST: write(writes.register) },
    { PUT: write(writes.heartbeat), ...get(read(reads.instance)), DELETE: write(writes.cancel) },
  ];
  const delta = get(read(reads.delta));
  const below: Readonly<Record<string, Methods>> = {
    status: { PUT: write(writes.override), DELETE: write(writes.dropOverride) },
    metadata: { PUT: write(writes.metadata) },
  };
  const others = new Map<string, { readonly length: number; readonly last?: string; readonly methods: Methods }>([
    ["instances", { length: 2, methods: get(read(reads.instanceById)) }],
    ["vips", { length: 2, methods: get(read(reads.vip)) }],
    ["svips", { length: 2, methods: get(read(reads.secureVip)) }],
    ["asg", { length: 3, last: "status", methods: { PUT: write(writes.asg) } }],
    ["status", { length: 1, methods: get(reads.statusInfo) }],
    ["serverinfo", { length: 2, last: "statusoverrides", methods: get(reads.statusOverrides) }],
    ["peerreplication", { length: 2, last: "batch", methods: { POST: write(writes.batch) } }],
  ]);
  const methodsAt = (at: readonly string[]): Methods | undefined => {
    const [first, second] = at;
    if (first === "apps") {
      if (at.length === 2 && second === "delta") return delta;
      return at.length <= 3 ? apps[at.length - 1] : at.length === 4 ? below[at[3] ?? ""] : undefined;
    }
    const other = others.get(first ?? "");
    const named = other?.last === undefined || at.at(-1) === other.last;
    return other !== undefined && other.length === at.length && named ? other.methods : undefined;
  };
  return (req, res, path) => {
    const methods = methodsAt(path.parts);
    if (methods === undefined)
      return answerText(res, 404, `${path.parts.join("/").slice(0, 200)}: is not a resource of Eureka's`);
    const run = methods[req.method ?? "GET"];
    if (run !== undefined) return run(req, res, path);
    const allow = Object.keys(methods).join(", ");
    answerText(res, 405, `${req.method}: this resource takes ${allow}`, { allow });
  };
}

type Methods = Readonly<Record<string, Route>>;

function gated(check: () => GateAnswer, run: Route): Route {
  return (req, res, path) => {
    const answer = check();
    if (answer.kind === "open") return run(req, res, path);
    if (answer.kind === "refuse") return answerText(res, answer.status, answer.reason);
    const location = `${answer.base.replace(/\/+$/, "")}${req.url}`;
    answerText(res, 307, "this registry is about to stop or not in sync; a peer serves", { location });
  };
}

type Writes = Readonly<
  Record<"register" | "heartbeat" | "cancel" | "override" | "dropOverride" | "metadata" | "asg" | "batch", Route>
>;

function writesOf({ actions, heartbeats }: EurekaHandlerParts): Writes {
  const appOf = (path: EurekaPath): string => appKey(path.parts[1] ?? "");
  const idOf = (path: EurekaPath): string => idKey(path.parts[2] ?? "");
  return {
    register: (req, res, path) => register(actions, req, res, path),
    heartbeat: (req, res, path) => {
      const claims = path.query === "" ? undefined : claimsIn(path.query);
      const heartbeat = { app: appOf(path), id: idOf(path), claims };
      if (answerHeartbeat(actions, req, res, heartbeat) === 200) heartbeats.add(req.url ?? "/", heartbeat);
    },
    cancel: (req, res, path) => {
      answerEmpty(res, actions.cancel(appOf(path), idOf(path), isReplication(req)).status);
    },
    override: (req, res, path) => {
      answerEmpty(res, actions.override(appOf(path), idOf(path), orderIn(req, path)).status);
    },
    dropOverride: (req, res, path) => {
      answerEmpty(res, actions.dropOverride(appOf(path), idOf(path), orderIn(req, path)).status);
    },
    metadata: (_req, res, path) => {
      const entries = new Map<string, string>();
      // Of a key that is given twice the first counts, as in Eureka.
      for (const [key, value] of new URLSearchParams(path.query)) if (!entries.has(key)) entries.set(key, value);
      answerEmpty(res, actions.metadata(appOf(path), idOf(path), entries).status);
    },
    asg: (req, res, path) => {
      const status = queryValue(path.query, "value")?.toUpperCase();
      if (status !== "ENABLED" && status !== "DISABLED")
        return answerText(res, 400, "value: must be ENABLED or DISABLED");
      actions.setAsg(path.parts[1] ?? "", status, isReplication(req));
      answerEmpty(res, 200);
    },
    batch: async (req, res) => {
      const items = decodeReplicationList(await readBody(req, batchBytesMax));
      const text = encodeReplicationAnswers(takeBatch(actions, items));
      const wanted = { ...wantedBy(req), format: "json" } as const;
      answerDocument(req, res, { text, wanted });
    },
  };
}

function answerHeartbeat(
  actions: EurekaActions,
  req: IncomingMessage,
  res: ServerResponse,
  { app, id, claims }: Heartbeat,
): number {
  const { status, entity } = actions.heartbeat(app, id, claims, isReplication(req));
  if (entity === undefined) answerEmpty(res, status);
  else {
    const wanted = wantedBy(req);
    answerDocument(req, res, { text: encodeInstance(entity, wanted.format, "full"), wanted, status });
  }
  return status;
}

async function register(
  actions: EurekaActions,
  req: IncomingMessage,
  res: ServerResponse,
  path: EurekaPath,
): Promise<void> {
  const appName = (path.parts[1] ?? "").toUpperCase();
  if (!isUsableApp(appName)) return answerText(res, 400, "appName: has a slash or control characters, or is too long");
  const body = await readBody(req, instanceBytesMax);
  const instance = decodeInstance(body, formatOfBody(req, body));
  const refusal = refusalOf(appName, instance);
  if (refusal !== undefined) return answerText(res, 400, refusal);
  const { status } = actions.register(instance, isReplication(req));
  if (status === 409)
    return answerText(res, 409, "a later start of an instance of this id is registered, or was removed");
  answerEmpty(res, status);
}

function claimsIn(query: string): {
  lastDirtyTimestamp: number | undefined;
  overriddenStatus: InstanceStatus | undefined;
} {
  const override = queryValue(query, "overriddenstatus");
  return {
    lastDirtyTimestamp: timestamp(queryValue(query, "lastDirtyTimestamp")),
    overriddenStatus: override === undefined ? undefined : instanceStatuses.find((status) => status === override),
  };
}

function orderIn(req: IncomingMessage, path: EurekaPath): StatusOrder {
  return {
    value: queryValue(path.query, "value"),
    lastDirtyTimestamp: timestamp(queryValue(path.query, "lastDirtyTimestamp")),
    replication: isReplication(req),
  };
}

/** What is no number says nothing; Eureka answers 500 to it. */
function timestamp(text: string | undefined): number | undefined {
  if (text === undefined || text.length === 0 || text.length > 15) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

function fail(log: Log, req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (res.headersSent || res.destroyed) return void res.destroy();
  const known = error instanceof PlatformError;
  if (!known) log.error("registry.eureka.failed", { method: req.method, error });
  // Whatever of a refused body is still to come is not read.
  const headers: Record<string, string> = req.complete ? {} : { connection: "close" };
  answerText(
    res,
    known ? error.status : 500,
    known ? messageOf(error) : "the registry failed; its log says why",
    headers,
  );
}
