import { request } from "node:http";
import { connect } from "node:net";
import { type Clock, hasCode, messageOf } from "@holdfast/kernel";
import type { InstanceRecord, ProbeVerdict } from "@holdfast/wire";

export interface Probed {
  readonly verdict: ProbeVerdict;
  /** One phrase: what was seen. */
  readonly detail: string;
}

/** Looks at one instance's port. Never rejects. */
export type ProbeCall = (record: InstanceRecord, kind: "tcp" | "http", timeoutMs: number) => Promise<Probed>;

/**
 * `dead`: the machine is there and says that nobody listens. `silent`: no answer, which may be the fault of the way
 * there. `alive`: it accepts a connection (tcp), or answers HTTP at its health check (http).
 */
export function socketProbe(clock: Clock): ProbeCall {
  return (record, kind, timeoutMs) =>
    kind === "tcp" ? tcpProbe(clock, record, timeoutMs) : httpProbe(clock, record, timeoutMs);
}

function tcpProbe(clock: Clock, { address, port }: InstanceRecord, timeoutMs: number): Promise<Probed> {
  return new Promise((resolve) => {
    const done = (probed: Probed): void => {
      timer.cancel();
      socket.destroy();
      resolve(probed);
    };
    const socket = connect({ host: address, port });
    const timer = clock.after(timeoutMs, () => done(silent(`no answer within ${timeoutMs} ms`)));
    socket.on("connect", () => done({ verdict: "alive", detail: "accepts connections" }));
    socket.on("error", (error) => done(verdictOf(error)));
  });
}

function httpProbe(clock: Clock, record: InstanceRecord, timeoutMs: number): Promise<Probed> {
  return new Promise((resolve) => {
    const done = (probed: Probed): void => {
      timer.cancel();
      call.destroy();
      resolve(probed);
    };
    const call = request(healthUrlOf(record), { agent: false }, (response) => {
      done({ verdict: "alive", detail: `answers ${response.statusCode} at its health check` });
    });
    const timer = clock.after(timeoutMs, () => done(silent(`no answer within ${timeoutMs} ms`)));
    call.on("error", (error) => done(verdictOf(error)));
    call.end();
  });
}

/** Its own host and port with the path it names: a probe goes nowhere else, whatever a registration says. */
function healthUrlOf(record: InstanceRecord): URL {
  const host = record.address.includes(":") ? `[${record.address}]` : record.address;
  const named = record.eureka?.healthCheckUrl;
  const path = named !== undefined && URL.canParse(named) ? new URL(named).pathname : "/healthcheck";
  return new URL(path, `http://${host}:${record.adminPort ?? record.port}`);
}

function verdictOf(error: unknown): Probed {
  if (hasCode(error, "ECONNREFUSED")) return { verdict: "dead", detail: "its port refuses connections" };
  return silent(messageOf(error));
}

function silent(detail: string): Probed {
  return { verdict: "silent", detail };
}
