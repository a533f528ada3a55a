import {
  type InstanceRecord,
  type OverrideRequest,
  RegistryPaths,
  type RenewRequest,
  type SeenAnswer,
  type StatusChange,
} from "@holdfast/wire";
import type { RegisterAnswer, RegistryDoor, RenewAnswer } from "./door.ts";
import { type RegistryTransport, unreachable } from "./transport.ts";

const callMs = 1_500;
/** A process that ends does not wait long for a registry; the lease ends anyway. */
const deregisterMs = 400;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A registry of ours: `/v1/registry/instances`. */
export class NativeDoor implements RegistryDoor {
  readonly kind = "native";
  readonly #transport: RegistryTransport;
  readonly #base: string;

  constructor(transport: RegistryTransport, base: string) {
    this.#transport = transport;
    this.#base = base;
  }

  async register(record: InstanceRecord): Promise<RegisterAnswer> {
    const { status, body } = await this.#call("PUT", pathOf(record), record);
    if (status === 204) return { kind: "accepted" };
    if (status === 409) return { kind: "older" };
    const code = textIn(body, "code");
    if (code === undefined) return { kind: "foreign", status };
    return { kind: "refused", status, detail: textIn(body, "detail") ?? code };
  }

  async renew({ incarnation, version, ...record }: InstanceRecord): Promise<RenewAnswer> {
    const request: RenewRequest = { incarnation, version };
    const { status } = await this.#call("POST", `${pathOf(record)}/renew`, request);
    if (status === 204) return "renewed";
    return status === 409 ? "older" : "unknown";
  }

  async setStatus(record: InstanceRecord, awaitSeenMs: number): Promise<SeenAnswer | undefined> {
    const { status, incarnation, version } = record;
    const change: StatusChange = { status, incarnation, version, awaitSeenMs };
    const answer = await this.#call("PUT", `${pathOf(record)}/status`, change, awaitSeenMs + 1_000);
    return answer.status === 200 && isSeen(answer.body) ? answer.body : undefined;
  }

  async outOfService(record: InstanceRecord, word: Pick<OverrideRequest, "by" | "reason">): Promise<boolean> {
    const request: OverrideRequest = { ...word, status: "OUT_OF_SERVICE" };
    const { status } = await this.#call("PUT", RegistryPaths.override(record.app, record.id), request);
    return status >= 200 && status < 300;
  }

  async deregister(record: InstanceRecord, cause: string): Promise<void> {
    const query = `?incarnation=${record.incarnation}&cause=${encodeURIComponent(cause)}`;
    await this.#call("DELETE", `${pathOf(record)}${query}`, undefined, deregisterMs);
  }

  async holder(record: InstanceRecord): Promise<number | undefined> {
    const { status, body } = await this.#call("GET", pathOf(record));
    return status === 200 ? numberIn(body, "incarnation") : undefined;
  }

  async #call(method: string, path: string, body?: unknown, timeoutMs = callMs): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const reply = await this.#transport.call({ base: this.#base, method, path, body: text, timeoutMs });
    if (reply.status >= 500) throw unreachable(this.#base, `answered ${reply.status}`);
    return { status: reply.status, body: parse(reply.text) };
  }
}

function pathOf({ app, id }: Pick<InstanceRecord, "app" | "id">): string {
  return RegistryPaths.instance(app, id);
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldOf(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? Object.getOwnPropertyDescriptor(body, name)?.value : undefined;
}

function numberIn(body: unknown, name: string): number | undefined {
  const value = fieldOf(body, name);
  return typeof value === "number" ? value : undefined;
}

function textIn(body: unknown, name: string): string | undefined {
  const value = fieldOf(body, name);
  return typeof value === "string" ? value : undefined;
}

function isSeen(body: unknown): body is SeenAnswer {
  return typeof body === "object" && body !== null && "complete" in body && "listeners" in body && "seen" in body;
}
