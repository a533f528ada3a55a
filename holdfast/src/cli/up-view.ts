import type { Clock, Timer } from "@holdfast/kernel";
import type { StatusBrief, UpEvent, UpUrls } from "../up/events.ts";
import { count, shortPath, type Terminal } from "./terminal.ts";

/** Shows what the supervisor tells. */
export interface UpView {
  show(event: UpEvent): void;
  close(): void;
}

export function makeUpView(terminal: Terminal, clock: Clock, detached: boolean): UpView {
  if (terminal.json) return { show: (event) => terminal.printJson(jsonOf(event)), close: () => {} };
  return terminal.isTty ? new BlockView(terminal, clock, detached) : new LineView(terminal, clock, detached);
}

/** `ready` carries its addresses at the top, where scripts look for them. */
function jsonOf(event: UpEvent): unknown {
  return event.event === "ready" ? { ...event, ...event.urls } : event;
}

/** Console, edge, registry, state, stop: at most eight aligned lines. */
export function bannerLines(
  plan: {
    readonly application: string;
    readonly urls: UpUrls;
    readonly stateDirectory: string;
    readonly kept: boolean;
  },
  login: string | undefined,
  detached: boolean,
): string[] {
  return [
    `  holdfast · ${plan.application}`,
    "",
    `  Console   ${login ?? plan.urls.console}`,
    `  Edge      ${plan.urls.edge}`,
    `  Registry  ${plan.urls.registry}`,
    `  State     ${shortPath(plan.stateDirectory)} (${plan.kept ? "kept" : "removed at the end"})`,
    `  Stop      ${detached ? "holdfast down" : "ctrl-c"}`,
    "",
  ];
}

/** The block under the banner while not everything is healthy: one line of summary, one for each thing waited for. */
export function statusLines(
  status: StatusBrief | undefined,
  waitingFor: string,
  seconds: number,
  columns: number,
): string[] {
  const cut = (line: string): string => (line.length < columns ? line : `${line.slice(0, Math.max(1, columns - 2))}…`);
  const time = `${seconds.toFixed(0)} s`;
  if (status === undefined) return [cut(`  waiting for ${waitingFor} · ${time}`)];
  const services = status.services;
  const healthy = services.filter((service) => service.state === "healthy").length;
  const lines = [`  ${status.verdict}: ${healthy} of ${count(services.length, "service")} healthy · ${time}`];
  const width = Math.max(0, ...services.map((service) => service.name.length));
  for (const service of services) {
    if (service.state === "healthy") continue;
    const why = service.reason === "" ? "starting" : service.reason;
    lines.push(`  ${service.name.padEnd(width)}  ${service.up}/${service.desired}  ${why}`);
  }
  return lines.map(cut);
}

/** Plain lines for pipes and logs: each thing once, and what is waited for when it takes longer than two seconds. */
class LineView implements UpView {
  readonly #terminal: Terminal;
  readonly #detached: boolean;
  readonly #startMs: number;
  readonly #timer: Timer;
  readonly #clock: Clock;
  #plan: Extract<UpEvent, { event: "plan" }> | undefined;
  #waiting = "";
  #status: StatusBrief | undefined;
  #said = "";
  #ready = false;

  constructor(terminal: Terminal, clock: Clock, detached: boolean) {
    this.#terminal = terminal;
    this.#detached = detached;
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#timer = clock.every(2_000, () => this.#sayWaiting());
  }

  show(event: UpEvent): void {
    if (event.event === "plan") this.#plan = event;
    else if (event.event === "waiting") this.#waiting = event.for;
    else if (event.event === "login" && this.#plan !== undefined) {
      for (const line of bannerLines(this.#plan, event.url, this.#detached)) this.#terminal.print(line);
    } else if (event.event === "status") {
      const changed = this.#ready && this.#status?.sentence !== event.status.sentence;
      this.#status = event.status;
      if (changed) this.#terminal.print(event.status.sentence);
    } else if (event.event === "ready") {
      this.#ready = true;
      this.#terminal.print(`ready in ${event.seconds.toFixed(1)} s`);
    } else {
      const line = permanentLine(event);
      if (line !== undefined) this.#terminal.print(line);
    }
  }

  close(): void {
    this.#timer.cancel();
  }

  #sayWaiting(): void {
    if (this.#ready) return;
    const seconds = (this.#clock.monotonicMs() - this.#startMs) / 1000;
    const lines = statusLines(this.#status, this.#waiting, seconds, 400);
    const essence = lines.join("\n").replace(/ · \d+ s/, "");
    if (essence === this.#said) return;
    this.#said = essence;
    for (const line of lines) this.#terminal.print(line);
  }
}

/** One block, redrawn in place under the lines that stay; the scroll-back keeps working. */
class BlockView implements UpView {
  readonly #terminal: Terminal;
  readonly #detached: boolean;
  readonly #clock: Clock;
  readonly #startMs: number;
  #timer: Timer | undefined;
  #plan: Extract<UpEvent, { event: "plan" }> | undefined;
  #waiting = "the application file";
  #status: StatusBrief | undefined;
  #drawn = 0;
  #ready = false;
  #stopping: string | undefined;

  constructor(terminal: Terminal, clock: Clock, detached: boolean) {
    this.#terminal = terminal;
    this.#detached = detached;
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#timer = clock.every(250, () => this.#redraw());
  }

  show(event: UpEvent): void {
    if (event.event === "plan") this.#plan = event;
    else if (event.event === "waiting") this.#waiting = event.for;
    else if (event.event === "login" && this.#plan !== undefined)
      this.#keep(bannerLines(this.#plan, event.url, this.#detached));
    else if (event.event === "status") this.#status = event.status;
    else if (event.event === "stopping") this.#stopping = event.text;
    else if (event.event === "ready") {
      this.#ready = true;
      this.#keep([this.#terminal.colors.green(`  ready in ${event.seconds.toFixed(1)} s`)]);
      // From here on only events redraw: an idle terminal costs nothing.
      this.#timer?.cancel();
      this.#timer = undefined;
    } else {
      const line = permanentLine(event);
      if (line !== undefined) this.#keep([`  ${line}`]);
    }
    this.#redraw();
  }

  close(): void {
    this.#timer?.cancel();
    this.#erase();
  }

  #keep(lines: readonly string[]): void {
    this.#erase();
    for (const line of lines) this.#terminal.print(line);
  }

  #redraw(): void {
    this.#erase();
    const lines = this.#block();
    for (const line of lines) this.#terminal.print(line);
    this.#drawn = lines.length;
  }

  #block(): string[] {
    const { columns } = this.#terminal;
    if (this.#stopping !== undefined)
      return [`  stopping: waiting for ${this.#stopping} (ctrl-c again: at once)`.slice(0, columns - 1)];
    if (this.#ready && (this.#status === undefined || this.#status.verdict === "healthy")) return [];
    const seconds = (this.#clock.monotonicMs() - this.#startMs) / 1000;
    return statusLines(this.#status, this.#waiting, seconds, columns);
  }

  #erase(): void {
    if (this.#drawn > 0) process.stdout.write(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }
}

/** The line an event leaves for good; `undefined` for those that only move the block. */
function permanentLine(event: UpEvent): string | undefined {
  if (event.event === "note") return event.text;
  if (event.event === "warning") return `warning: ${event.text}`;
  if (event.event === "process") return event.change === "started" ? undefined : event.text;
  if (event.event === "stopping") return `stopping: waiting for ${event.text}`;
  if (event.event === "stopped") return `stopped in ${event.seconds.toFixed(1)} s; nothing is left running`;
  return undefined;
}
