import type { BalancerReport, CallReport, ServerReport } from "@holdfast/wire";
import type { ReactNode } from "react";
import { count, formatLength, formatMs, formatTime, shortId } from "../../lib/format.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { ejectedIn, type OneBalancer } from "./balancers-table.tsx";

/** Server by server: how busy, how fast, how warm, and why it is put out; then what was tried. */
export function BalancerDialog(props: {
  readonly of: OneBalancer | undefined;
  readonly onClose: () => void;
}): ReactNode {
  if (props.of === undefined) return undefined;
  const { caller, balancer } = props.of;
  const tone = balancer.panic ? "bad" : ejectedIn(balancer) > 0 ? "warn" : "good";
  return (
    <Dialog title={`${caller.service} ${shortId(caller.instance)} → ${balancer.app}`} onClose={props.onClose}>
      <p className="why-summary">
        <ToneShape tone={tone} size={14} />
        <strong>{balancer.panic ? "Too many servers are out: all are used again" : balancer.why}</strong>
      </p>
      <p className="muted">
        {balancer.picker}
        {balancer.zone === null ? "" : `, from ${balancer.zone}`}; {count(balancer.calls, "call")}, {balancer.retries}{" "}
        tried again, {balancer.hedges} asked twice, {balancer.budgetRefused} refused a second try; {balancer.budgetLeft}{" "}
        more allowed now
      </p>
      <section className="dialog-part" aria-label="Servers">
        <ul className="balancer-list">
          {balancer.servers.map((server) => (
            <Server key={server.instance} server={server} />
          ))}
        </ul>
      </section>
      <Ejections balancer={balancer} />
      <Calls calls={balancer.attempts} />
    </Dialog>
  );
}

function Server({ server }: { readonly server: ServerReport }): ReactNode {
  const { instance, zone, outstanding, ewmaMs, requests, failures, weight, ejected } = server;
  return (
    <li>
      <ToneShape tone={ejected === null ? "good" : "bad"} />
      <div>
        <strong className="mono">{shortId(instance)}</strong> <span className="muted">{zone}</span>
        <p>
          {count(outstanding, "call")} under way, {formatMs(ewmaMs)}, {requests} made, {failures} failed
          {weight < 1 ? `, ${Math.round(weight * 100)} % of a full load` : ""}
        </p>
        {ejected === null ? undefined : (
          <p className="balancer-out">
            Out for {formatLength(ejected.forMs)} more: {ejected.why}
          </p>
        )}
      </div>
    </li>
  );
}

function Ejections({ balancer: { history } }: { readonly balancer: BalancerReport }): ReactNode {
  if (history.length === 0) return undefined;
  return (
    <section className="dialog-part">
      <h3>Put out and taken back</h3>
      <ol className="circuit-history">
        {history
          .toReversed()
          .slice(0, 20)
          .map(({ at, instance, what, why }) => (
            <li key={`${at} ${instance} ${what}`}>
              <time dateTime={at}>{formatTime(at)}</time> <span className="mono">{shortId(instance)}</span>{" "}
              <strong>{what}</strong>: {why}
            </li>
          ))}
      </ol>
    </section>
  );
}

/** Calls that needed more than one try or failed, each as a small waterfall. */
function Calls({ calls }: { readonly calls: readonly CallReport[] }): ReactNode {
  if (calls.length === 0) return undefined;
  return (
    <section className="dialog-part">
      <h3>Calls that needed more than one try, or failed</h3>
      <ol className="balancer-calls">
        {calls
          .toReversed()
          .slice(0, 10)
          .map((call) => (
            <li key={`${call.at} ${call.path} ${call.tookMs}`}>
              <p>
                <time dateTime={call.at}>{formatTime(call.at)}</time> {call.method}{" "}
                <span className="mono">{call.path}</span>: <strong>{call.outcome}</strong> after {formatMs(call.tookMs)}
              </p>
              {call.attempts.map((attempt) => (
                <div key={`${attempt.instance} ${attempt.startedMs}`} className="balancer-attempt">
                  <span className="mono">{shortId(attempt.instance)}</span>
                  <span
                    className="balancer-bar"
                    data-outcome={/^[1-4]\d\d$/.test(attempt.outcome) ? "good" : "bad"}
                    style={{
                      marginInlineStart: `${share(attempt.startedMs, call.tookMs)}%`,
                      width: `${Math.max(1, share(attempt.tookMs, call.tookMs))}%`,
                    }}
                  />
                  <span className="muted">
                    {attempt.kind}, {attempt.outcome}
                  </span>
                </div>
              ))}
            </li>
          ))}
      </ol>
    </section>
  );
}

/** Per cent of the half of the line that bars have. */
function share(ms: number, allMs: number): number {
  return allMs <= 0 ? 0 : Math.min(50, (50 * ms) / allMs);
}
