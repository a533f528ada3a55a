import type { StatusView } from "@holdfast/wire/control";
import type { ReactNode } from "react";
import { formatMs, formatPercent, formatRate } from "../../lib/format.ts";
import { reasonsBeyond } from "../../lib/reasons.ts";
import { toneOf } from "../../lib/tone.ts";
import { ToneShape } from "../../ui/status-mark.tsx";

/** The verdict in control's own sentence, the reasons when there are any, and the three figures of the edge. */
export function Verdict({ status }: { readonly status: StatusView }): ReactNode {
  const reasons = reasonsBeyond(status);
  const edge = status.services.find((service) => service.kind === "gateway");
  return (
    <section className="verdict" data-tone={toneOf(status.verdict)} aria-label="Verdict">
      <div className="verdict-head">
        <ToneShape tone={toneOf(status.verdict)} size={38} />
        <div>
          <p className="verdict-sentence" aria-live="polite">
            {status.sentence}
          </p>
          <p className="verdict-where">
            <span>
              <span className="muted">Edge</span>{" "}
              <a href={status.edge} target="_blank" rel="noreferrer">
                {status.edge}
              </a>
            </span>
            <span>
              <span className="muted">Registry</span> <span className="mono">{status.registry}</span>
            </span>
          </p>
        </div>
      </div>
      <dl className="verdict-figures">
        <Figure label="Requests / s" value={formatRate(edge?.requestsPerSecond ?? null)} />
        <Figure label="Errors" value={formatPercent(edge?.errorPercent ?? null)} />
        <Figure label="p99" value={formatMs(edge?.p99Ms ?? null)} />
      </dl>
      {reasons.length === 0 ? undefined : (
        <ul className="verdict-reasons">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {status.state === "writable" ? undefined : (
        <p className="verdict-state" data-tone="warn">
          <ToneShape tone="warn" size={14} />
          <span>
            <strong>State is read-only.</strong> {status.stateReason} Dead instances are still replaced; changes wait.
          </span>
        </p>
      )}
    </section>
  );
}

function Figure(props: { readonly label: string; readonly value: string }): ReactNode {
  return (
    <div>
      <dt>{props.label}</dt>
      <dd className="numeric">{props.value}</dd>
    </div>
  );
}
