import { request } from "node:http";
import { connect } from "node:net";
import { type Clock, codeOf, messageOf } from "@holdfast/kernel";

/** What a look at the parent told. */
export type ParentAnswer =
  | { readonly kind: "up"; readonly detail: string }
  /** 204: Karyon's word for it. */
  | { readonly kind: "starting"; readonly detail: string }
  /** `isSure`: it said so itself, or nothing listens; the rest may be a moment's trouble. */
  | { readonly kind: "down"; readonly detail: string; readonly isSure: boolean };

/** Asks once. Never throws; always answers within the time limit. */
export type ParentCheck = () => Promise<ParentAnswer>;

/** Prana's `prana.host.healthcheck.timeout`. */
export const checkTimeoutDefaultMs = 2_000;

/** Over HTTP: 2xx is up, 204 starting, everything else and silence down. Each look has a connection of its own. */
export function httpCheck(clock: Clock, url: () => string, timeoutMs: () => number): ParentCheck {
  return () => {
    const at = url();
    const parsed = URL.parse(at);
    if (parsed?.protocol !== "http:") {
      const detail = `${at}: the parent's health check must be an http URL`;
      return Promise.resolve({ kind: "down", detail, isSure: true });
    }
    return bounded(clock, at, timeoutMs(), (settle) => {
      const asked = request(parsed, { agent: false, headers: { "user-agent": "holdfast-sidecar" } }, (answer) => {
        const status = answer.statusCode ?? 0;
        answer.on("error", () => {});
        answer.resume();
        settle(judge(at, status));
      });
      asked.on("error", (error) => settle(failed(at, error)));
      asked.end();
      return () => asked.destroy();
    });
  };
}

/** Whether something accepts connections there: for programs that say nothing of their health. */
export function tcpCheck(clock: Clock, host: string, port: number, timeoutMs: number): ParentCheck {
  const at = `${host}:${port}`;
  return () =>
    bounded(clock, at, timeoutMs, (settle) => {
      const socket = connect({ host, port }, () => {
        settle({ kind: "up", detail: `accepts connections on ${at}` });
        socket.destroy();
      });
      socket.on("error", (error) => settle(failed(at, error)));
      return () => socket.destroy();
    });
}

function judge(at: string, status: number): ParentAnswer {
  const detail = `${at} answers ${status}`;
  if (status === 204) return { kind: "starting", detail };
  if (status >= 200 && status < 300) return { kind: "up", detail };
  return { kind: "down", detail, isSure: true };
}

function failed(at: string, error: Error): ParentAnswer {
  if (codeOf(error) === "ECONNREFUSED") return { kind: "down", detail: `nothing listens on ${at}`, isSure: true };
  return { kind: "down", detail: `${at}: ${messageOf(error)}`, isSure: false };
}

function bounded(
  clock: Clock,
  at: string,
  timeoutMs: number,
  start: (settle: (answer: ParentAnswer) => void) => () => void,
): Promise<ParentAnswer> {
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, () => {
      resolve({ kind: "down", detail: `no answer from ${at} within ${timeoutMs} ms`, isSure: false });
      abort();
    });
    const abort = start((answer) => {
      timer.cancel();
      resolve(answer);
      // What is left of the answer interests nobody; one without an end would keep its connection for ever.
      queueMicrotask(abort);
    });
  });
}
