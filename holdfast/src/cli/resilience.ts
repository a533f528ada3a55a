import { PlatformError } from "@holdfast/kernel";
import type { BalancerReport, CallerReport, CommandReport, ResilienceView } from "@holdfast/wire";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** `holdfast resilience [service]`: which circuits are open, which servers are put out, and why; of one caller or of all. */
export async function resilience(
  context: CommandContext,
  service: string | undefined,
  flags: StackOptions,
): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(flags);
  const view = await control.call<ResilienceView>("GET", ControlPaths.resilience);
  control.close();
  const callers = view.callers.filter((caller) => service === undefined || caller.service === service);
  if (service !== undefined && callers.length === 0 && !view.silent.some((one) => one.service === service)) {
    throw new PlatformError("SERVICE_UNKNOWN", `${service}: no instance of this service shows its circuits`, {
      next: "holdfast resilience",
      status: 404,
    });
  }
  terminal.printJson({ ...view, callers });
  print(terminal, callers, view.silent);
  return exitCodes.ok;
}

function print(terminal: Terminal, callers: readonly CallerReport[], silent: ResilienceView["silent"]): void {
  const { dim, yellow } = terminal.colors;
  const commands = callers.flatMap(({ service, instance, commands: all }) =>
    all.map((command) => ({ caller: `${service}/${shortId(instance)}`, command })),
  );
  const balancers = callers.flatMap(({ service, instance, balancers: all }) =>
    all.map((balancer) => ({ caller: `${service}/${shortId(instance)}`, balancer })),
  );
  if (commands.length === 0)
    terminal.print("no calls through commands yet: circuits show once a service calls another");
  else printCommands(terminal, commands);
  if (balancers.length > 0) {
    terminal.print("");
    printBalancers(terminal, balancers);
  }
  for (const { service, instance, why } of silent)
    terminal.print(yellow(`${service}/${instance} does not answer: ${why}`));
  terminal.print("");
  terminal.print(dim("numbers of a command: the last ten seconds; its latency: the last minute"));
}

interface OfCommand {
  readonly caller: string;
  readonly command: CommandReport;
}

function printCommands(terminal: Terminal, all: readonly OfCommand[]): void {
  const worst = all.toSorted((a, b) => rank(a.command) - rank(b.command) || b.command.requests - a.command.requests);
  const rows = worst.map(({ caller, command }) => [
    command.key,
    caller,
    command.state,
    (command.requests / (command.windowMs / 1_000)).toFixed(1),
    `${command.errorPercentage} %`,
    `${command.latencyMs.p50} / ${command.latencyMs.p99}`,
    command.limit === null ? String(command.active) : `${command.active}/${command.limit}`,
    command.why,
  ]);
  const header = ["COMMAND", "CALLER", "CIRCUIT", "PER S", "ERRORS", "P50/P99 MS", "ACTIVE", "WHY"];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
}

/** Trouble first. */
function rank({ state, errors }: CommandReport): number {
  if (state === "open" || state === "forced-open") return 0;
  if (state === "half-open") return 1;
  return errors > 0 ? 2 : 3;
}

function printBalancers(
  terminal: Terminal,
  all: readonly { readonly caller: string; readonly balancer: BalancerReport }[],
): void {
  const rows = all.map(({ caller, balancer }) => {
    const out = balancer.servers.filter((server) => server.ejected !== null);
    return [
      `${caller} → ${balancer.app}`,
      `${balancer.servers.length - out.length}/${balancer.servers.length}`,
      String(balancer.calls),
      String(balancer.retries),
      String(balancer.hedges),
      balancer.picker,
      out.length === 0
        ? balancer.why
        : out.map(({ instance, ejected }) => `${shortId(instance)}: ${ejected?.why ?? ""}`).join("; "),
    ];
  });
  const header = ["CALLS", "SERVERS", "MADE", "RETRIES", "HEDGES", "PICKER", "WHY"];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
}

function shortId(instance: string): string {
  return instance.startsWith("i-") ? instance.slice(2, 6) : instance;
}
