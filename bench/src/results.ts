import type { Figure } from "./figure.ts";

const head = "| bench | case | ours | peer | ratio | goal | met | when | note |";
const rule = "|---|---|---|---|---|---|---|---|---|";

/** Puts new figures into the text of RESULTS.md: a case measured again replaces its row, all others stay. */
export function mergeResults(text: string, figures: readonly Figure[], machine: string, day: string): string {
  const rows = new Map<string, string>();
  for (const line of text.split("\n")) {
    const key = keyOfRow(line);
    if (key !== undefined) rows.set(key, line);
  }
  for (const one of figures) rows.set(`${one.bench}\0${one.case}`, rowOf(one, day));
  const sorted = [...rows].toSorted(([a], [b]) => (a.split("\0")[0] ?? "").localeCompare(b.split("\0")[0] ?? ""));
  return `# Results

Written by \`npm run bench\`; each row is the last measurement of its case. Last machine: ${machine}.
Peers run interleaved with ours in the same minutes; times are medians. Absolute times are from shared, noisy cores: believe the ratios first.

${head}
${rule}
${sorted.map(([, row]) => row).join("\n")}
`;
}

function rowOf(one: Figure, day: string): string {
  const peer = one.peer === null ? "" : `${one.peer} ${one.unit} (${one.peerName})`;
  const met = one.met === null ? "" : one.met ? "yes" : "**no**";
  const cells = [
    one.bench,
    one.case,
    `${one.ours} ${one.unit}`.trimEnd(),
    peer,
    one.ratio ?? "",
    one.goal,
    met,
    day,
    one.note,
  ];
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "/")).join(" | ")} |`;
}

function keyOfRow(line: string): string | undefined {
  if (line === head || line === rule || !line.startsWith("| ")) return undefined;
  const cells = line.split("|").map((cell) => cell.trim());
  return cells[1] === undefined || cells[2] === undefined ? undefined : `${cells[1]}\0${cells[2]}`;
}
