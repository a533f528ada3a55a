import { currentContext } from "@holdfast/client";
import { type Log, type LogFields, SystemClock } from "@holdfast/kernel";
import { BoundedSink } from "./bounded-sink.ts";
import { addSecretsOf } from "./known-secrets.ts";
import { LogLevels } from "./log-levels.ts";
import { standardOutput } from "./log-output.ts";
import { SecretValues } from "./secret-values.ts";
import { StructuredLog } from "./structured-log.ts";

/** What a process logs by. */
export interface Logs {
  readonly log: Log;
  readonly levels: LogLevels;
  /** Values that no line shows. */
  readonly secrets: SecretValues;
  readonly sink: Pick<BoundedSink, "lost" | "waiting" | "trouble" | "flush">;
}

let shared: Logs | undefined;

/**
 * The logs of this process, on its standard output, made when first asked for: never waited for, at most 1 MiB of them in
 * memory, without the secrets of its environment and its properties.
 */
export function processLogs(): Logs {
  if (shared !== undefined) return shared;
  const clock = new SystemClock();
  const [levels, secrets] = [new LogLevels(), new SecretValues()];
  addSecretsOf(process.env, secrets);
  const wallMs = (): number => clock.wallMs();
  const sink: BoundedSink = new BoundedSink(clock, standardOutput(), (loss) => lossLine(loss, wallMs()));
  const log = StructuredLog.to((line) => sink.write(line), { levels, secrets, wallMs, context: fieldsOfRequest });
  process.on("exit", () => sink.end());
  shared = { log, levels, secrets, sink };
  return shared;
}

/** The log of this process; see {@link processLogs}. */
export function serviceLog(): Log {
  return processLogs().log;
}

function lossLine(loss: { readonly lines: number; readonly reason: string }, wallMs: number): string {
  return `${JSON.stringify({ level: "warn", time: new Date(wallMs).toISOString(), event: "log.lost", ...loss })}\n`;
}

/** Of the request that is being served: its id, and where its trace goes on. */
function fieldsOfRequest(): LogFields | undefined {
  const context = currentContext();
  if (context === undefined) return undefined;
  const { requestId, traceparent } = context;
  if (traceparent === undefined) return { requestId };
  // `00-{32}-{16}-{2}`
  return { requestId, traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) };
}
