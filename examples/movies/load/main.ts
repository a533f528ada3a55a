import { parseArgs } from "node:util";
import { drive } from "./open-loop.ts";
import type { Report } from "./report.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8080" },
    rate: { type: "string", default: "200" },
    seconds: { type: "string", default: "30" },
    "post-share": { type: "string", default: "0" },
    path: { type: "string", multiple: true, default: [] },
    run: { type: "string", default: `load-${process.pid}` },
    json: { type: "boolean", default: false },
  },
});
const options = {
  url: readUrl(values.url),
  rate: bounded("rate", values.rate, 1, 5_000),
  seconds: bounded("seconds", values.seconds, 1, 3_600),
  postShare: bounded("post-share", values["post-share"], 0, 1),
  paths: values.path,
  run: values.run.slice(0, 40),
};

if (!values.json)
  console.log(`${options.rate} requests a second to ${options.url} for ${options.seconds} s, open loop`);
const summary = (await drive(options, values.json ? undefined : progress)).summary();
if (values.json) {
  console.log(JSON.stringify(summary));
} else {
  if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
  console.log(`success  ${summary.successPercent.toFixed(3)} %  (${summary.succeeded} of ${summary.sent})`);
  console.log(`latency  p50 ${summary.p50Ms} ms   p99 ${summary.p99Ms} ms   max ${summary.maxMs} ms`);
  for (const { kind, count, examples } of summary.failures)
    console.log(`failed   ${count} × ${kind}: ${examples.join("; ")}`);
}
process.exitCode = summary.failed === 0 ? 0 : 1;

function progress(report: Report): void {
  if (!process.stdout.isTTY) return;
  const { sent, failed, p99Ms } = report.summary();
  process.stdout.write(`\r\u001b[K${sent} answered, ${failed} failed, p99 ${p99Ms} ms`);
}

function bounded(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  return refuse(`--${name}: must be a number from ${min} to ${max}, got ${text}`);
}

function readUrl(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === "http:") return text;
  return refuse(`--url: must be an http:// address, got ${text}`);
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
