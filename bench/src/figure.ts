/** One measured case. Printed as a JSON line, kept as a row of RESULTS.md. */
export interface Figure {
  /** The room: the name of the file in `cases/`. */
  readonly bench: string;
  readonly case: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string;
  readonly unit: string;
  /** `ours / peer`; null without a peer. */
  readonly ratio: number | null;
  /** As people read it: `≤ 2 × peer and ≤ 10 s`. */
  readonly goal: string;
  /** Null where there is no goal. */
  readonly met: boolean | null;
  /** What one must know to believe the figure. */
  readonly note: string;
}

/** What a figure is held against. Both may be given; both must then hold. */
export interface Goal {
  /** `ours` is at most this. */
  readonly most?: number;
  /** `ours / peer` is at most this. */
  readonly ratio?: number;
  /** `ours` is at least this. */
  readonly least?: number;
  /** `ours / peer` is at least this: where more is better. */
  readonly leastRatio?: number;
}

export interface Measured {
  readonly case: string;
  readonly ours: number;
  readonly unit: string;
  readonly peer?: number;
  readonly peerName?: string;
  readonly goal?: Goal;
  readonly note?: string;
}

/** Works out ratio and verdict. */
export function figure(bench: string, measured: Measured): Figure {
  const { ours, peer, unit, goal = {} } = measured;
  const ratio = peer === undefined || peer === 0 ? null : ours / peer;
  const words: string[] = [];
  if (goal.ratio !== undefined) words.push(`≤ ${goal.ratio} × peer`);
  if (goal.most !== undefined) words.push(goal.most === 0 ? "0" : `≤ ${goal.most} ${unit}`.trimEnd());
  if (goal.leastRatio !== undefined) words.push(`≥ ${goal.leastRatio} × peer`);
  if (goal.least !== undefined) words.push(`≥ ${goal.least} ${unit}`.trimEnd());
  const withinMost = (goal.most === undefined || ours <= goal.most) && (goal.least === undefined || ours >= goal.least);
  const withinRatio =
    (goal.ratio === undefined || (ratio !== null && ratio <= goal.ratio)) &&
    (goal.leastRatio === undefined || (ratio !== null && ratio >= goal.leastRatio));
  return {
    bench,
    case: measured.case,
    ours: rounded(ours),
    peer: peer === undefined ? null : rounded(peer),
    peerName: measured.peerName ?? "",
    unit,
    ratio: ratio === null ? null : rounded(ratio),
    goal: words.join(" and "),
    met: words.length === 0 ? null : withinMost && withinRatio,
    note: measured.note ?? "",
  };
}

/** Three significant digits are more than two noisy cores can promise. */
export function rounded(value: number): number {
  return value === 0 || !Number.isFinite(value) ? value : Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
