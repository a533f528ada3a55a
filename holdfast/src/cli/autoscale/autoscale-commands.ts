import type { Command } from "commander";
import { type Choose, collect, commandGroup } from "../command-group.ts";

const load = (): Promise<typeof import("./autoscale.ts")> => import("./autoscale.ts");

/** `holdfast autoscale …`: how services follow their load. */
export function addAutoscaleCommands(program: Command, choose: Choose): void {
  const add = commandGroup(
    program,
    "autoscale",
    "sizes that follow the load: list, plan, set, suspend, resume, forecast",
  );

  add("list [service]", "each service's policies: what they want now, and why").action((service, flags) =>
    choose(async (context) => (await load()).list(context, service, flags), flags.json === true),
  );
  withPolicies(add("plan", "take policies through a recorded load, beside what happened then; changes nothing"))
    .requiredOption("--load <file>", "time,load,instances as CSV or JSON")
    .option("--service <name>", "the running service's policies, schedule and bounds")
    .option("--min <n>", "never fewer (default: the service's, else 1)")
    .option("--max <n>", "never more (default: the service's, else 99)")
    .option("--startup <time>", "from launch until in service (default 30s)")
    .option("--per-instance <load>", "what one instance is to carry at most (default: the first policy's target)")
    .option("--changes", "every change with its cause")
    .action((flags) =>
      choose(async (context) => (await import("./plan.ts")).plan(context, flags), flags.json === true),
    );
  withPolicies(add("set <service>", "put other policies in place, until the application file says something else"))
    .option("--reset", "back to what the application file says")
    .action((service, flags) =>
      choose(async (context) => (await load()).set(context, service, flags), flags.json === true),
    );
  for (const verb of ["suspend", "resume"] as const) {
    const what = verb === "suspend" ? "judge policies and do not obey them" : "obey policies again";
    add(`${verb} <service>`, what)
      .option("--schedule", "scheduled actions as well")
      .action((service, flags) =>
        choose(async (context) => (await load()).suspend(context, service, verb, flags), flags.json === true),
      );
  }
  add("forecast <service> [metric]", "the load of the next 48 hours, as predictive policies see it").action(
    (service, metric, flags) =>
      choose(async (context) => (await load()).forecast(context, service, metric, flags), flags.json === true),
  );
}

function withPolicies(command: Command): Command {
  return command.option(
    "--policy <policy>",
    "METRIC=TARGET, predict:METRIC=TARGET, a policy as JSON, or a file of policies and scheduled actions; may be repeated",
    collect,
  );
}
