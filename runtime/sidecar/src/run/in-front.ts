import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { BalancedClient, currentContext, forwardUpgrade, type RequestContext, runInContext } from "@holdfast/client";
import { staticServers } from "@holdfast/discovery";
import { hasCode, messageOf, PlatformError } from "@holdfast/kernel";
import { type Identity, type RunningService, type Surroundings, serve } from "@holdfast/service";
import { Headers, type InstanceStatus, problem, problemContentType } from "@holdfast/wire";
import type { SidecarOptions } from "../options.ts";
import type { ParentWatch } from "../parent/parent-watch.ts";
import type { Presence } from "./presence.ts";

/** Callers have deadlines of their own; this only ends what nobody would ever end. */
const timeoutMs = 3_600_000;
/** As the sidecar's other way out. */
const requestBytesMax = 1024 ** 3;
/** Some servers (gunicorn: 2 s) close idle connections soon; a request must not meet the end of one. */
const keepAliveMs = 1_000;
const name = "parent";

/**
 * The sidecar as a server of ours: callers come to it, and it passes everything on to the parent. Identity, deadlines,
 * metrics, registration and drain are those of `serve`.
 */
export class InFront implements Presence {
  readonly #watch: ParentWatch;
  readonly #client: BalancedClient;
  #service: RunningService | undefined;
  #left = false;

  private constructor(surroundings: Surroundings, identity: Identity, options: SidecarOptions, watch: ParentWatch) {
    this.#watch = watch;
    const parent = staticServers({ [name]: [parentRecord(identity, options)] });
    this.#client = new BalancedClient(parent, surroundings.clock, surroundings.random.child("parent"), {
      circuit: false,
      retryOn: "transport",
      concurrentMax: 100_000,
      keepAliveMs,
      slowStartMs: 0,
      bodyIdleMs: 0,
      // The one there is: whether it is put out changes nothing but for whom the failure is.
      ejectionMs: 1,
      ejectionMaxMs: 1,
    });
  }

  static async start(
    surroundings: Surroundings,
    identity: Identity,
    options: SidecarOptions,
    watch: ParentWatch,
  ): Promise<InFront> {
    const made = new InFront(surroundings, identity, options, watch);
    made.#service = await serve(
      {
        name: identity.service,
        handler: (req: IncomingMessage, res: ServerResponse) => made.#pass(req, res),
        onUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) =>
          forwardUpgrade(made.#client, req, socket, head, name),
        endEmptyRequests: true,
        health: () => made.#health(),
        // The rest of the time is the parent's, to end in.
        drainMs: Math.round(options.drainMs * 0.7),
        handleSignals: false,
        metadata: options.metadata ?? {},
      },
      surroundings,
    );
    return made;
  }

  get url(): string {
    return this.#service?.url ?? "";
  }

  get status(): InstanceStatus {
    if (this.#left) return "OUT_OF_SERVICE";
    const readiness = this.#service?.readiness ?? "starting";
    return readiness === "up" ? "UP" : readiness === "starting" ? "STARTING" : "DOWN";
  }

  /** `serve` asks by itself. */
  parentTurned(): void {}

  async leave(): Promise<void> {
    this.#left = true;
    await this.#service?.stop();
    await this.#client.close();
  }

  #health(): boolean {
    if (this.#watch.state === "up") return true;
    throw new PlatformError("PARENT_UNHEALTHY", this.#watch.reason);
  }

  #pass(req: IncomingMessage, res: ServerResponse): Promise<unknown> {
    return runInContext(withoutRepeats(), () =>
      this.#client.forward(req, res, { service: name, timeoutMs, requestBytesMax, holdBackBytes: 0, failure }),
    );
  }
}

/** That the parent did not answer says nothing about its like elsewhere: callers may ask them. */
function withoutRepeats(): RequestContext {
  const context = currentContext();
  return {
    requestId: context?.requestId ?? "",
    traceparent: context?.traceparent,
    deadlineAtMs: context?.deadlineAtMs,
    span: context?.span,
  };
}

/** A parent that took no connection has not begun anything: any request may be made elsewhere. */
function failure(error: unknown): { status: number; type: string; body: string; headers: readonly string[] } {
  const status = error instanceof PlatformError ? error.status : 502;
  const untouched = hasCode(error, "NO_SERVER_AVAILABLE");
  const code = untouched
    ? "PARENT_UNREACHABLE"
    : hasCode(error, "CALL_TIMED_OUT")
      ? "PARENT_TIMED_OUT"
      : "PARENT_FAILED";
  const body = JSON.stringify(problem(status, code, messageOf(error)));
  return { status, type: problemContentType, body, headers: untouched ? [Headers.notExecuted, "1"] : [] };
}

function parentRecord(
  identity: Identity,
  { parentHost, parentPort }: SidecarOptions,
): Parameters<typeof staticServers>[0][string][number] {
  const { instanceId, region, zone, application, cluster, serverGroup } = identity;
  return {
    app: name,
    id: instanceId,
    incarnation: 1,
    version: 1,
    status: "UP",
    region,
    zone,
    address: parentHost,
    port: parentPort,
    application,
    cluster,
    serverGroup,
    verifiesIdentity: false,
    metadata: {},
  };
}
