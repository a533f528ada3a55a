import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  operatorAddress,
  type TraceDetail,
  type TraceList,
  type TraceLogLine,
  type TraceSummary,
} from "@holdfast/wire";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTime } from "../moment.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { waterfall, withoutControls } from "./waterfall.ts";

export interface TracesFlags extends StackOptions {
  readonly service?: string;
  readonly operation?: string;
  readonly minMs?: string;
  readonly errors?: boolean;
  readonly seconds?: string;
  readonly limit?: string;
  readonly endpoint?: boolean;
}

/** Enough to tell traces apart, and to ask for one. */
const shownOfId = 12;

/** `holdfast traces [id]`: what is kept, or one of them as a waterfall with its logs; `--endpoint`: how others send theirs. */
export async function traces(context: CommandContext, id: string | undefined, flags: TracesFlags): Promise<number> {
  const { terminal } = context;
  if (flags.endpoint === true) return endpoint(terminal, flags);
  const { control } = openStack(flags);
  try {
    if (id === undefined) {
      const list = await control.call<TraceList>("GET", `${ControlPaths.traces}${queryOf(flags)}`);
      terminal.printJson(list);
      printList(terminal, list);
      return exitCodes.ok;
    }
    const trace = await control.call<TraceDetail>("GET", ControlPaths.trace(id));
    const logs = await control.call<readonly TraceLogLine[]>("GET", ControlPaths.traceLogs(id));
    terminal.printJson({ ...trace, logs });
    printTrace(terminal, trace, logs);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

function queryOf({ service, operation, minMs, errors, seconds, limit }: TracesFlags): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ service, operation, minMs, seconds, limit })) {
    if (value !== undefined) query.set(key, value);
  }
  if (errors === true) query.set("errors", "1");
  return query.size === 0 ? "" : `?${query.toString()}`;
}

function printList(terminal: Terminal, { traces: found, store }: TraceList): void {
  const { dim } = terminal.colors;
  if (found.length === 0) {
    terminal.print(store.traces === 0 ? "no traces yet: they are kept as requests come in" : "no trace fits");
  } else {
    const rows = found.map(rowOf);
    for (const line of formatTable(["TIME", "MS", "TRACE", "SPANS", "ERRORS", "KEPT", "WHAT"], rows, terminal.columns))
      terminal.print(line);
  }
  const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
  const room = `${megabytes(store.bytes)} of ${megabytes(store.bytesMax)} MiB`;
  const lost = store.refused === 0 ? "" : `, ${store.refused} spans refused`;
  terminal.print(dim(`${store.traces} traces of ${store.services.length} services are kept (${room}${lost})`));
}

function rowOf(trace: TraceSummary): string[] {
  const others = trace.services.filter(({ name }) => name !== trace.service).map(({ name }) => name);
  return [
    formatTime(trace.startedAt),
    trace.durationMs.toFixed(1),
    trace.traceId.slice(0, shownOfId),
    String(trace.spans),
    String(trace.errors),
    trace.kept,
    withoutControls(`${trace.service} ${trace.operation}${others.length === 0 ? "" : ` → ${others.join(", ")}`}`),
  ];
}

function printTrace(terminal: Terminal, trace: TraceDetail, logs: readonly TraceLogLine[]): void {
  const { bold, dim, red } = terminal.colors;
  const failed = trace.errors === 0 ? "" : red(`, ${trace.errors} failed`);
  terminal.print(
    `${bold(`${trace.service} ${trace.operation}`)}  ${trace.durationMs.toFixed(1)} ms, ${trace.spans} spans${failed}`,
  );
  terminal.print(dim(`trace ${trace.traceId} of ${trace.startedAt}, kept: ${trace.kept}`));
  terminal.print("");
  for (const line of waterfall(trace, terminal.columns, terminal.colors)) terminal.print(line);
  if (logs.length === 0) return;
  terminal.print("");
  for (const { service, text } of logs) terminal.print(`${dim(`${service}:`)} ${withoutControls(text)}`);
}

function endpoint(terminal: Terminal, flags: StackOptions): number {
  const { stack, control } = openStack(flags);
  control.close();
  const url = `http://${operatorAddress}:${stack.ports.otlp}`;
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${readFileSync(join(stack.stateDirectory, "token"), "utf8").trim()}`,
  };
  terminal.printJson(variables);
  for (const [name, value] of Object.entries(variables)) terminal.print(`export ${name}='${value}'`);
  return exitCodes.ok;
}
