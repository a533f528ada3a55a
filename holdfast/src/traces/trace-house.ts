import { OtlpReceiver, receiverDefaults, TraceStore } from "@holdfast/insight-server";
import { type Clock, codeOf, type Log, messageOf, PlatformError } from "@holdfast/kernel";
import { type TraceDetail, type TraceLogLine } from "@holdfast/wire";
import type { LogSource } from "../control/api/log-stream.ts";
import { type ControlSettings, listenAddress } from "../control/settings.ts";
import { readInstanceKey } from "../stack/instance-key.ts";
import { traceDoor } from "./trace-door.ts";
import { logsOfTrace } from "./trace-logs.ts";

export interface TraceHouseParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Token of the API: it opens for programs that are no instances. */
  readonly token: string;
  readonly logSources: () => readonly LogSource[];
}

/** A whole id, or enough of its beginning. */
const traceIdShape = /^[0-9a-f]{6,32}$/;

export async function openTraces(
  parts: TraceHouseParts,
  settings: Pick<ControlSettings, "stateDirectory" | "ports" | "network">,
): Promise<TraceHouse> {
  const house = new TraceHouse(parts, settings.stateDirectory);
  await house.listen(listenAddress(settings), settings.ports.otlp);
  return house;
}

/** Traces in control: where they arrive, where they are kept, and the logs that belong to them. */
export class TraceHouse {
  readonly store: TraceStore;
  readonly #parts: TraceHouseParts;
  readonly #receiver: OtlpReceiver;
  /** `undefined` while nothing is listened on. */
  #port: number | undefined;

  constructor(parts: TraceHouseParts, stateDirectory: string) {
    const { clock, log, token } = parts;
    this.#parts = parts;
    this.store = new TraceStore(clock);
    const isAuthorised = traceDoor(readInstanceKey(stateDirectory), token);
    this.#receiver = new OtlpReceiver(clock, log, this.store, { ...receiverDefaults, isAuthorised });
  }

  /** The receiver's port; `undefined` when it could not be opened. */
  get port(): number | undefined {
    return this.#port;
  }

  /** A port that cannot be opened costs the traces, never control. */
  async listen(address: string, port: number): Promise<void> {
    try {
      this.#port = await this.#receiver.listen(address, port);
    } catch (error) {
      this.#parts.log.error("traces.not-received", { port, code: codeOf(error), reason: messageOf(error) });
    }
  }

  /**
   * The trace whose id it is or begins with, or that a request with that id belongs to.
   *
   * @throws PlatformError `TRACE_UNKNOWN` (404).
   */
  find(id: string): TraceDetail {
    const begin = id.toLowerCase();
    const traceId =
      (traceIdShape.test(begin) ? this.store.findByBeginning(begin) : undefined) ??
      this.store.findByAttribute("holdfast.request.id", id);
    const found = traceId === undefined ? undefined : this.store.trace(traceId);
    if (found !== undefined) return found;
    throw new PlatformError("TRACE_UNKNOWN", `${id}: no trace of that id, or of a request with that id, is kept`, {
      status: 404,
      next: "holdfast traces   (the property trace.sample says which share of all requests is kept)",
    });
  }

  /** @throws PlatformError `TRACE_UNKNOWN` (404). */
  async logs(id: string): Promise<TraceLogLine[]> {
    const { traceId, tree } = this.find(id);
    const services = new Set(tree.map(({ service }) => service));
    const sources = this.#parts.logSources().filter(({ service }) => services.has(service));
    return await logsOfTrace(
      traceId,
      tree.map(({ spanId }) => spanId),
      sources,
    );
  }

  close(): Promise<void> {
    return this.#receiver.close();
  }
}
