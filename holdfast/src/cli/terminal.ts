import { relative } from "node:path";
import { messageOf, PlatformError } from "@holdfast/kernel";
import picocolors from "picocolors";
import { formatFault } from "../app-file/fault.ts";
import { ApplicationFaultsError } from "../up/application-faults.ts";

/** Where a command writes. With `json`, standard output carries nothing but JSON. */
export class Terminal {
  readonly json: boolean;
  readonly isTty: boolean;
  /** Colours for standard output; plain when it is no terminal or `NO_COLOR` is set. */
  readonly colors: ReturnType<typeof picocolors.createColors>;

  constructor(json: boolean) {
    this.json = json;
    this.isTty = process.stdout.isTTY === true && !json;
    const wanted = this.isTty && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
    this.colors = picocolors.createColors(wanted);
  }

  get columns(): number {
    return process.stdout.columns || 100;
  }

  print(text: string): void {
    if (!this.json) process.stdout.write(`${text}\n`);
  }

  printJson(value: unknown): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** `✖ sentence`, what to try, and the code to look up. */
  printError(error: unknown): void {
    const known = error instanceof PlatformError ? error : undefined;
    if (this.json) {
      const faults = error instanceof ApplicationFaultsError ? { faults: error.faults } : {};
      const next = known?.next === undefined ? {} : { next: known.next };
      this.printJson({ error: { code: known?.code ?? "INTERNAL", message: messageOf(error), ...next, ...faults } });
      return;
    }
    const { red, dim } = picocolors.createColors(
      process.stderr.isTTY === true && (process.env["NO_COLOR"] ?? "") === "",
    );
    const lines: string[] = [];
    if (error instanceof ApplicationFaultsError) {
      lines.push(...error.faults.map((fault) => formatFault({ ...fault, file: shortPath(fault.file) })));
      lines.push(red(`✖ ${shortPath(error.faults[0]?.file ?? "")}: ${count(error.faults.length, "fault")}`));
    } else {
      lines.push(red(`✖ ${messageOf(error)}`));
    }
    if (known?.next !== undefined) lines.push(`  try: ${known.next}`);
    lines.push(dim(`  code: ${known?.code ?? "INTERNAL"}`));
    if (known === undefined && error instanceof Error && error.stack !== undefined) lines.push(dim(error.stack));
    process.stderr.write(`${lines.join("\n")}\n`);
  }
}

/** A path as one would type it from here. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && !short.startsWith("..") && short.length < path.length ? short : path;
}

export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
