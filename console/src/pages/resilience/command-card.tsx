import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { count, formatMs, formatPercent, formatRate } from "../../lib/format.ts";
import { ToneShape } from "../../ui/status-mark.tsx";
import { circuitWords, type MergedCommand, toneOfCommand } from "./merged-command.ts";
import { sparkline } from "./rates.ts";

/** Hystrix's counters, in the dashboard's order and colours; what a reader sees on hover. */
const counters = [
  { event: "SUCCESS", name: "success", hint: "answered", kind: "success" },
  { event: "SHORT_CIRCUITED", name: "short-circuited", hint: "refused by an open circuit", kind: "refused" },
  { event: "BAD_REQUEST", name: "bad request", hint: "the caller's own mistake, or a full server", kind: "caller" },
  { event: "TIMEOUT", name: "timeout", hint: "no answer in time", kind: "late" },
  { event: "SEMAPHORE_REJECTED", name: "rejected", hint: "too many calls under way", kind: "rejected" },
  { event: "FAILURE", name: "failure", hint: "failed, or answered with a 5xx", kind: "failure" },
] as const;

const [box, sparkWidth, sparkHeight] = [84, 120, 30];

/** Area by volume: a hundred a second fill the circle. */
function radiusOf(perSecond: number): number {
  return Math.min(box / 2, 7 + Math.sqrt(perSecond) * 3.4);
}

/** A command at a glance: how much, how well, how fast, and whether its circuit is closed. Opens into why. */
export function CommandCard(props: { readonly command: MergedCommand; readonly points: readonly number[] }): ReactNode {
  const { command, points } = props;
  const { key, group, perSecond, errorPercentage, latencyMs, callers, active } = command;
  const tone = toneOfCommand(command);
  const path = sparkline(points, sparkWidth, sparkHeight);
  return (
    <article className="circuit" data-tone={tone} aria-label={key}>
      <header>
        <h3>
          <Link to="." search={(search) => ({ ...search, command: key })} className="circuit-name" title={key}>
            {key}
          </Link>
        </h3>
        {group === key ? undefined : <span className="muted">{group}</span>}
      </header>
      <div className="circuit-body">
        <svg className="circuit-volume" width={box} height={box} viewBox={`0 0 ${box} ${box}`} aria-hidden="true">
          <circle cx={box / 2} cy={box / 2} r={radiusOf(perSecond)} />
        </svg>
        <div className="circuit-numbers">
          <strong className="circuit-rate">{formatRate(perSecond)} / s</strong>
          <span className="circuit-errors">{formatPercent(errorPercentage)} errors</span>
          <svg className="circuit-spark" width={sparkWidth} height={sparkHeight} aria-hidden="true">
            {path === undefined ? undefined : <path d={path} />}
          </svg>
        </div>
        <ul className="circuit-counters" aria-label="Of the last ten seconds">
          {counters.map(({ event, name, hint, kind }) => (
            <li key={event} data-kind={kind} title={hint}>
              <span className="numeric">{command.events[event] ?? 0}</span> {name}
            </li>
          ))}
        </ul>
      </div>
      <p className="circuit-state">
        <ToneShape tone={tone} size={13} />
        Circuit <strong>{circuitWords(command)}</strong>
      </p>
      <dl className="circuit-facts">
        <Fact label="Callers" value={String(callers.length)} />
        <Fact label="Active" value={String(active)} />
        <Fact label="Median" value={formatMs(latencyMs.p50)} />
        <Fact label="Mean" value={formatMs(latencyMs.mean)} />
        <Fact label="90 %" value={formatMs(latencyMs.p90)} />
        <Fact label="99 %" value={formatMs(latencyMs.p99)} />
      </dl>
      <span className="visually-hidden">{count(callers.length, "caller")}</span>
    </article>
  );
}

function Fact({ label, value }: { readonly label: string; readonly value: string }): ReactNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="numeric">{value}</dd>
    </div>
  );
}
