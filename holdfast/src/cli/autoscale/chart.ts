/** From nothing to full, an eighth at a time. */
const blocks = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** Puts values into `width` columns, each the largest of its share: a peak is never lost. */
export function columnsOf(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = from; index < to; index++) largest = Math.max(largest, values[index] ?? 0);
    return largest;
  });
}

/** One line of blocks from 0 to `top`. Anything above zero shows. */
export function sparkline(values: readonly number[], width: number, top: number): string {
  return columnsOf(values, width)
    .map((value) => {
      const eighths = top <= 0 ? 0 : Math.ceil((8 * value) / top - 1e-9);
      return blocks[Math.min(8, Math.max(0, eighths))] ?? " ";
    })
    .join("");
}

/** A chart of `rows` lines, highest first. */
export function barChart(values: readonly number[], width: number, rows: number, top: number): string[] {
  const columns = columnsOf(values, width);
  return Array.from({ length: rows }, (_, row) => {
    const below = rows - 1 - row;
    return columns
      .map((value) => {
        const eighths = top <= 0 ? 0 : Math.ceil((8 * rows * value) / top - 1e-9) - 8 * below;
        return blocks[Math.min(8, Math.max(0, eighths))] ?? " ";
      })
      .join("");
  });
}

/** `1 240`, `12.5`, `0`: as long as it must be. */
export function formatFigure(value: number): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return String(rounded).replace(/\B(?=(\d{3})+$)/g, " ");
}
