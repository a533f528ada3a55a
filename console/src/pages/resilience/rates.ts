import { useEffect, useRef, useState } from "react";
import type { MergedCommand } from "./merged-command.ts";

/** Two minutes at a look each two seconds. */
const pointsMax = 60;

/** Rates by command, latest last, gathered while the page is open. */
export type Rates = ReadonlyMap<string, readonly number[]>;

/** `rates` with one more look; commands that are gone are forgotten. */
export function withLook(rates: Rates, commands: readonly MergedCommand[]): Rates {
  return new Map(
    commands.map(({ key, perSecond }) => [key, [...(rates.get(key) ?? []), perSecond].slice(-pointsMax)] as const),
  );
}

/** Gathers the rates of `commands`, one point for each new `at`. */
export function useRates(at: string | undefined, commands: readonly MergedCommand[]): Rates {
  const [rates, setRates] = useState<Rates>(new Map());
  const seen = useRef<string>(undefined);
  useEffect(() => {
    if (at === undefined || seen.current === at) return;
    seen.current = at;
    setRates((before) => withLook(before, commands));
  }, [at, commands]);
  return rates;
}

/** An SVG path of `points` in a box; `undefined` for less than two. */
export function sparkline(points: readonly number[], width: number, height: number): string | undefined {
  if (points.length < 2) return undefined;
  const most = Math.max(...points, 1e-9);
  const step = width / (pointsMax - 1);
  const left = width - step * (points.length - 1);
  const place = (point: number, i: number): string =>
    `${(left + i * step).toFixed(1)} ${(height - 1 - (point / most) * (height - 2)).toFixed(1)}`;
  return `M${points.map(place).join("L")}`;
}
