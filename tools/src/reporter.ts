import { writeFileSync } from "node:fs";
import type { TestEvent } from "node:test/reporters";

/** Totals that `tools/src/test.ts` adds up over several runs. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * A reporter that shows what a person must act on: failures in full, skips with their reason, tests slower than
 * `slowMs`. Writes the totals to the file named by `HOLDFAST_TEST_TOTALS`.
 */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const slowMs = Number(process.env["HOLDFAST_TEST_SLOW_MS"] ?? 3_000);
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for await (const event of source) {
    if (event.type === "test:stdout" || event.type === "test:stderr") {
      yield event.data.message;
      continue;
    }
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, file, details, skip, todo } = event.data;
    if (details.type === "suite") continue;
    const where = file === undefined ? "" : ` (${file.replace(`${process.cwd()}/`, "")}:${event.data.line ?? 0})`;
    if (skip !== undefined || todo !== undefined) {
      totals.skipped += 1;
      yield `  – ${name}: ${typeof skip === "string" ? skip : "skipped"}${where}\n`;
    } else if (event.type === "test:pass") {
      totals.passed += 1;
      if (details.duration_ms > slowMs) yield `  · ${name} took ${(details.duration_ms / 1000).toFixed(1)} s${where}\n`;
    } else {
      totals.failed += 1;
      yield `  ✖ ${name}${where}\n${indent(explain(event.data.details.error))}\n`;
    }
  }
  const target = process.env["HOLDFAST_TEST_TOTALS"];
  if (target !== undefined) writeFileSync(target, JSON.stringify(totals));
}

function explain(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `      ${line}`)
    .join("\n");
}
