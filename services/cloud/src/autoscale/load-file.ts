import { PlatformError } from "@holdfast/kernel";

/** One line of a recorded load. */
export interface LoadPoint {
  /** Wall ms from which on it holds. */
  readonly atMs: number;
  /** The whole group's figure: what one instance alone would have shown. */
  readonly load: number;
  /** So many instances were in service then, where that was recorded. */
  readonly instances: number | undefined;
}

/** A point holds until the next one, but no longer than this many usual distances. */
const holdDistances = 3;
const pointsLeast = 2;

/**
 * Reads a recorded load: CSV with a header line (`time,load` and, if known, `instances`; `,` or `;`), or JSON (an array of
 * such objects, or `{ "points": […] }`). Times are ISO 8601 or epoch seconds or ms, and go forward.
 *
 * @throws PlatformError `LOAD_FILE_INVALID` (400) with the line that cannot be read.
 */
export function parseLoadFile(text: string): LoadPoint[] {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  const points = trimmed.startsWith("[") || trimmed.startsWith("{") ? fromJson(trimmed) : fromCsv(trimmed);
  if (points.length < pointsLeast) refuse("must have two points or more");
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before !== undefined && point.atMs <= before.atMs) {
      refuse(`point ${index + 1}: its time is not after that of the point before`);
    }
  }
  return points;
}

/** The load as a function of time; `undefined` before the first point, in a gap, and after the last. */
export function loadAt(points: readonly LoadPoint[]): (wallMs: number) => LoadPoint | undefined {
  const distance = usualDistance(points);
  let index = 0;
  return (wallMs) => {
    const current = points[index];
    if (current !== undefined && current.atMs > wallMs) index = 0;
    for (let next = points[index + 1]; next !== undefined && next.atMs <= wallMs; next = points[index + 1]) index++;
    const point = points[index];
    if (point === undefined || point.atMs > wallMs) return undefined;
    return wallMs - point.atMs < distance * holdDistances ? point : undefined;
  };
}

/** The middle of the distances between points; ms. */
export function usualDistance(points: readonly LoadPoint[]): number {
  const distances = points.slice(1).map((point, index) => point.atMs - (points[index]?.atMs ?? 0));
  return distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
}

function fromJson(text: string): LoadPoint[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    refuse(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const list = Array.isArray(parsed) ? parsed : (parsed as { readonly points?: unknown }).points;
  if (!Array.isArray(list)) refuse("must be an array of points, or an object with `points`");
  return list.map((item: unknown, index) => {
    const point = (typeof item === "object" && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
    return pointOf(point["time"], point["load"], point["instances"], `point ${index + 1}`);
  });
}

function fromCsv(text: string): LoadPoint[] {
  const lines = text.split(/\r?\n/);
  const separator = lines[0]?.includes(";") === true ? ";" : ",";
  const header = (lines[0] ?? "").split(separator).map((name) => name.trim().toLowerCase());
  const [time, load, instances] = ["time", "load", "instances"].map((name) => header.indexOf(name));
  if (time === undefined || load === undefined || time < 0 || load < 0) {
    refuse("must begin with a header line that names `time` and `load`, such as `time,load,instances`");
  }
  return lines.slice(1).flatMap((line, index) => {
    if (line.trim() === "") return [];
    const cells = line.split(separator).map((cell) => cell.trim());
    return [pointOf(cells[time], cells[load], cells[instances ?? -1], `line ${index + 2}`)];
  });
}

function pointOf(time: unknown, load: unknown, instances: unknown, where: string): LoadPoint {
  const atMs = timeOf(time);
  if (atMs === undefined) refuse(`${where}: \`${String(time)}\` is not a time (ISO 8601, or epoch seconds or ms)`);
  const figure = numberOf(load);
  if (figure === undefined) refuse(`${where}: \`${String(load)}\` is not a load (0 or more)`);
  const isThere = instances !== undefined && instances !== null && instances !== "";
  const count = isThere ? numberOf(instances) : undefined;
  if (isThere && count === undefined)
    refuse(
      `${where}: \`${typeof instances === "string" ? instances : JSON.stringify(instances)}\` is not a number of instances`,
    );
  return { atMs, load: figure, instances: count };
}

function timeOf(value: unknown): number | undefined {
  const figure = numberOf(value);
  // In seconds a date of ours has ten digits, in ms thirteen.
  if (figure !== undefined) return figure < 1e11 ? figure * 1_000 : figure;
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value !== "number" && (typeof value !== "string" || value === "")) return undefined;
  const figure = Number(value);
  return Number.isFinite(figure) && figure >= 0 ? figure : undefined;
}

function refuse(reason: string): never {
  throw new PlatformError("LOAD_FILE_INVALID", `the load file ${reason}`, {
    status: 400,
    next: "write `time,load,instances` and a line for each minute; see docs/autoscaling.md",
  });
}
