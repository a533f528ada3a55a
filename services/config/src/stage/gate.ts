import type { GateFigures, GateOptions } from "./stage.ts";

export interface Verdict {
  readonly kind: "wait" | "pass" | "fail";
  /** One sentence. */
  readonly reason: string;
}

/**
 * Callers put a server that fails out of their rotation after a handful of requests, so a value that breaks everything shows
 * in few of them: so many, and so many points of errors more, need no more proof.
 */
const grossRequestsMin = 5;
const grossPoints = 50;
/** A 99th percentile of fewer requests is one request's luck. */
const p99RequestsMin = 100;
/** So many times `watchMs` are waited for enough requests. */
const patience = 3;

/** Judges a step: how the staged instances do since it began, against the others since then, or against before. */
export function judge(
  staged: GateFigures,
  others: GateFigures,
  baseline: GateFigures,
  options: GateOptions,
  elapsedMs: number,
): Verdict {
  const sick = unhealthy(staged, others);
  if (sick !== undefined) return { kind: "fail", reason: sick };
  const enough = staged.requests >= options.requestsMin;
  const against = others.requests >= options.requestsMin && others.requests > 0 ? others : baseline;
  const who = against === others ? "the others" : "they had before";
  const points = errorPercent(staged) - errorPercent(against);
  const gross = staged.requests >= grossRequestsMin && points >= grossPoints;
  if ((enough && staged.requests > 0) || gross) {
    if (gross || points > options.errorPointsMax) {
      const reason = `${percent(staged)} errors in ${staged.requests} requests, ${who} ${percent(against)}`;
      return { kind: "fail", reason };
    }
    const slow = tooSlow(staged, against, options);
    if (slow !== undefined) return { kind: "fail", reason: `${slow}, ${who} ${rounded(against.p99Ms)}` };
  }
  if (elapsedMs < options.watchMs) return { kind: "wait", reason: seen(staged) };
  if (enough) return { kind: "pass", reason: seen(staged) };
  const few = `${staged.requests} of ${options.requestsMin} requests`;
  if (elapsedMs < patience * options.watchMs) return { kind: "wait", reason: `${few} so far` };
  return { kind: "fail", reason: `${few}: too few to tell whether it does harm` };
}

function unhealthy(staged: GateFigures, others: GateFigures): string | undefined {
  if (staged.unhealthy === 0) return undefined;
  const shareOfOthers = others.instances === 0 ? 0 : others.unhealthy / others.instances;
  if (staged.unhealthy / Math.max(1, staged.instances) <= shareOfOthers) return undefined;
  return `${staged.unhealthy} of ${staged.instances} staged instances unwell, of the others ${others.unhealthy} of ${others.instances}`;
}

function tooSlow(staged: GateFigures, against: GateFigures, options: GateOptions): string | undefined {
  if (staged.requests < p99RequestsMin || against.requests < p99RequestsMin) return undefined;
  if (staged.p99Ms === null || against.p99Ms === null) return undefined;
  const most = Math.max(options.p99FloorMs, options.p99RatioMax * against.p99Ms);
  return staged.p99Ms > most ? `99th percentile ${rounded(staged.p99Ms)}` : undefined;
}

function errorPercent({ requests, errors }: GateFigures): number {
  return requests === 0 ? 0 : (100 * errors) / requests;
}

function percent(figures: GateFigures): string {
  return `${Number(errorPercent(figures).toFixed(1))} %`;
}

function rounded(ms: number | null): string {
  return ms === null ? "unknown" : `${Math.round(ms)} ms`;
}

function seen(staged: GateFigures): string {
  return `${percent(staged)} errors in ${staged.requests} requests of ${staged.instances} staged instances`;
}
