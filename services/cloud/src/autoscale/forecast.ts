/** The whole load of a group, slot by slot: what one instance alone would show of the metric. */
export interface LoadHistory {
  readonly slotMs: number;
  /** Wall ms at which the last slot ended; a whole multiple of `slotMs`. */
  readonly endMs: number;
  /** Oldest first; `undefined` where nothing was measured. */
  readonly demand: readonly (number | undefined)[];
}

export interface Forecast {
  readonly kind: "forecast";
  readonly slotMs: number;
  /** Wall ms at which the first forecast slot begins: where history ended. */
  readonly startMs: number;
  /** 48 hours of slots. */
  readonly demand: readonly number[];
  readonly season: "daily" | "weekly";
  /** How far forecasts of a day ahead were off in the days before, in percent of the load; `undefined`: not tried yet. */
  readonly errorPercent: number | undefined;
}

export type ForecastResult = Forecast | { readonly kind: "no-forecast"; readonly reason: string };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** As AWS predictive scaling: 48 h ahead, from 24 h of history on, of which the last 14 days count (its guide). */
const aheadMs = 2 * dayMs;
const leastMs = dayMs;
export const historyMs = 14 * dayMs;

/** A season back counts half of the one after it. */
const fade = 0.5;
/** The load of the last hours against what was expected then, and how slowly that is forgotten. */
const recentMs = 3 * hourMs;
const recentFadeMs = 6 * hourMs;
/** A day is off by no more than this; what is more is an outage or an attack, and not to be foreseen. */
const recentBounds = [0.5, 2] as const;
const growthBounds = [0.8, 1.25] as const;
const backtestDaysMax = 7;
/** Less than this share of a season's slots measured: the season is not counted. */
const measuredShare = 0.5;

/**
 * What the load will be in the next 48 hours, from what it was at the same time of day (or of week, once there is more than a
 * week of history and that has forecast better), grown as it grew from season to season, and lifted or lowered by how the
 * last three hours differ from their own forecast (forgotten over six hours).
 *
 * In the manner of Netflix's Scryer, which was never published; its FFT is not here: the profile of a day is kept slot by
 * slot. Pure; deterministic. History older than 14 days is passed over.
 */
export function forecast(history: LoadHistory): ForecastResult {
  const slots = historyMs / history.slotMs;
  const demand = history.demand.slice(-slots);
  const measured = demand.filter((value) => value !== undefined).length * history.slotMs;
  if (measured < leastMs * measuredShare || demand.length * history.slotMs < leastMs) {
    const hours = Math.floor(measured / hourMs);
    return { kind: "no-forecast", reason: `a forecast needs 24 h of history, there are ${hours} h` };
  }
  const known: LoadHistory = { ...history, demand };
  const daily = tried(known, "daily");
  const weekly = demand.length * history.slotMs > 7 * dayMs ? tried(known, "weekly") : undefined;
  const best = weekly?.errorPercent !== undefined && isBetter(weekly, daily) ? weekly : daily;
  const ahead = forecastSeason(known, best.season, aheadMs / history.slotMs);
  return { kind: "forecast", slotMs: history.slotMs, startMs: history.endMs, demand: ahead, ...best };
}

interface Tried {
  readonly season: Forecast["season"];
  readonly errorPercent: number | undefined;
}

function isBetter(a: Tried, b: Tried): boolean {
  return (a.errorPercent ?? Number.POSITIVE_INFINITY) < (b.errorPercent ?? Number.POSITIVE_INFINITY);
}

/** Forecasts the last days, each from what was known before it, and says how far off that was. */
function tried(history: LoadHistory, season: Forecast["season"]): Tried {
  const daySlots = dayMs / history.slotMs;
  const seasonSlots = seasonMs(season) / history.slotMs;
  const days = Math.min(backtestDaysMax, Math.floor((history.demand.length - seasonSlots) / daySlots));
  let off = 0;
  let sum = 0;
  for (let day = 1; day <= days; day++) {
    const cut = history.demand.length - day * daySlots;
    const before = { ...history, demand: history.demand.slice(0, cut), endMs: history.endMs - day * dayMs };
    for (const [index, expected] of forecastSeason(before, season, daySlots).entries()) {
      const was = history.demand[cut + index];
      if (was === undefined) continue;
      off += Math.abs(was - expected);
      sum += was;
    }
  }
  return { season, errorPercent: days < 1 || sum === 0 ? undefined : (100 * off) / sum };
}

function forecastSeason(history: LoadHistory, season: Forecast["season"], count: number): number[] {
  const length = seasonMs(season) / history.slotMs;
  const growth = growthOf(history, length);
  const base = (index: number): number | undefined => seasonal(history.demand, index, length, growth);
  const lift = recentLift(history, base);
  const start = history.demand.length;
  let last = 0;
  return Array.from({ length: count }, (_, ahead) => {
    const fading = Math.exp((-ahead * history.slotMs) / recentFadeMs);
    last = base(start + ahead) ?? last;
    return Math.max(0, last * (1 + (lift - 1) * fading));
  });
}

/** What slot `index` should be by the same slot of the seasons before it; only seasons that are wholly over count. */
function seasonal(demand: LoadHistory["demand"], index: number, length: number, growth: number): number | undefined {
  let sum = 0;
  let weights = 0;
  let weight = 1;
  let grown = growth;
  // An index two seasons ahead has its first precedent two seasons back.
  let at = index - length;
  while (at >= demand.length) {
    at -= length;
    grown *= growth;
  }
  for (; at >= 0; at -= length) {
    const value = smoothed(demand, at);
    if (value !== undefined) {
      sum += weight * value * grown;
      weights += weight;
    }
    weight *= fade;
    grown *= growth;
  }
  return weights === 0 ? undefined : sum / weights;
}

/**
 * The middle one of the slot and its neighbours: one odd slot of last week is not a pattern, and a load that is there from
 * one minute to the next is not rounded off. At an end of history, or beside a gap, the slot as it is.
 */
function smoothed(demand: LoadHistory["demand"], at: number): number | undefined {
  const own = demand[at];
  const before = demand[at - 1];
  const after = demand[at + 1];
  if (own === undefined || before === undefined || after === undefined) return own ?? before ?? after;
  return Math.max(Math.min(own, before), Math.min(Math.max(own, before), after));
}

/**
 * How much a season is larger than the one before: the middle of all such steps, each measured on the slots that both
 * have. One day of outage, or one of advertisement, does not make a trend.
 */
function growthOf(history: LoadHistory, length: number): number {
  const { demand } = history;
  const steps: number[] = [];
  for (let end = demand.length; end - 2 * length >= 0; end -= length) {
    let later = 0;
    let earlier = 0;
    let pairs = 0;
    for (let at = end - length; at < end; at++) {
      const now = demand[at];
      const then = demand[at - length];
      if (now === undefined || then === undefined) continue;
      later += now;
      earlier += then;
      pairs++;
    }
    if (pairs >= length * measuredShare && earlier > 0 && later > 0) steps.push(later / earlier);
  }
  // One step alone may be anything; two agree or cancel out.
  if (steps.length < 2) return 1;
  const sorted = steps.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 1;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 1;
  return clamp(Math.sqrt(lower * upper), growthBounds);
}

/** The last three hours against their own forecast. */
function recentLift(history: LoadHistory, base: (index: number) => number | undefined): number {
  let was = 0;
  let expected = 0;
  const from = Math.max(0, history.demand.length - recentMs / history.slotMs);
  for (let index = from; index < history.demand.length; index++) {
    const value = history.demand[index];
    const before = base(index);
    if (value === undefined || before === undefined) continue;
    was += value;
    expected += before;
  }
  return expected === 0 ? 1 : clamp(was / expected, recentBounds);
}

function clamp(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, value));
}

function seasonMs(season: Forecast["season"]): number {
  return season === "daily" ? dayMs : 7 * dayMs;
}
