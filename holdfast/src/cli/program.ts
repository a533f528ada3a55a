import { Command, Option } from "commander";
import { addAutoscaleCommands } from "./autoscale/autoscale-commands.ts";
import { addCapacityCommands } from "./capacity-commands.ts";
import { type Add, answering, type Choose, collect, onStack } from "./command-group.ts";
import { addConfigCommands } from "./config-commands.ts";
import { addFaultCommands } from "./fault-commands.ts";
import { addGroupCommands } from "./groups/group-commands.ts";
import { addImageCommands } from "./images/image-commands.ts";

/**
 * The commands, their arguments and options. What a command does is in the file of its name, loaded when it is chosen.
 *
 * @param choose gets the chosen command and whether `--json` was given.
 */
export function buildProgram(choose: Choose): Command {
  const program = new Command("holdfast")
    .description("One command brings up a highly available application.")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .option("-V, --version", "show the version")
    .configureHelp({ sortSubcommands: false, helpWidth: 100 });
  const add: Add = (usage, description) => answering(program, usage, description);
  const stack: Add = (usage, description) => onStack(program, usage, description);

  add("up [dir]", "start the application of a directory and keep it running")
    .option("-d, --detach", "return when everything is healthy")
    .option("--zones <n>", "zones in each region (default: the application's, else 3)")
    .option("--regions <n>", "regions (default: the application's, else 1)")
    .option("--port <name=n>", "edge=N, console=N, registry=N or otlp=N; may be repeated", collect)
    .option("--isolation <mode>", "keep zones apart by netns (real networks), loopback or ports (default: auto)")
    .option("--engine <name>", "run instances as process or as container (needs Docker or Podman; default: process)")
    .option("--isolated", "free ports and a state directory of its own, beside other stacks")
    .option("--state <directory>", "keep the state there (default: .holdfast beside the application file)")
    .option("--no-wait", "be ready when control has taken the application, healthy or not")
    .action((dir, flags) =>
      choose(async (context) => (await import("./up.ts")).up(context, dir, flags), flags.json === true),
    );
  addStackCommands(stack, choose);
  addGroupCommands(program, choose);
  addAutoscaleCommands(program, choose);
  addDiscoveryCommands(stack, choose);
  addCapacityCommands(program, stack, choose);
  addFaultCommands(program, choose);
  addConfigCommands(program, choose);
  addImageCommands(program, choose);
  addRegistryCommand(add, choose);
  addSidecarCommand(add, choose);
  addAppCommands(program, choose);
  program.addHelpText(
    "after",
    "\nExit codes: 0 ok, 1 failed, 2 usage or application file, 3 not found, 4 not healthy in time,\n5 port, permission or another stack, 130 interrupted.",
  );
  return program;
}

function addStackCommands(onStack: Add, choose: Choose): void {
  onStack("down [dir]", "stop it; whatever it started ends")
    .option("--clean", "remove its state too")
    .action((dir, flags) =>
      choose(async (context) => (await import("./down.ts")).down(context, dir, flags), flags.json === true),
    );
  onStack("status", "say in one sentence how it is, and each service's state").action((flags) =>
    choose(async (context) => (await import("./status.ts")).status(context, flags), flags.json === true),
  );
  onStack("ps", "list all instances").action((flags) =>
    choose(async (context) => (await import("./ps.ts")).ps(context, flags), flags.json === true),
  );
  onStack("logs [service]", "print the logs of all services or of one")
    .option("-f, --follow", "go on with new lines")
    .option("--instance <id>", "only of this instance")
    .option("--tail <n>", "begin so many lines before the end (default: 200)")
    .action((service, flags) =>
      choose(async (context) => (await import("./logs.ts")).logs(context, service, flags), flags.json === true),
    );
  onStack("kill <instance>", "kill an instance: its id, the beginning of it, or a service for any of its instances")
    .option("--signal <name>", "SIGKILL, SIGTERM, SIGSTOP or SIGCONT (default: SIGKILL)")
    .action((id, flags) =>
      choose(async (context) => (await import("./kill.ts")).kill(context, id, flags), flags.json === true),
    );
  onStack("restart <service>", "replace all instances of a service, without losing a request").action(
    (service, flags) =>
      choose(
        async (context) => (await import("./operations.ts")).restart(context, service, flags),
        flags.json === true,
      ),
  );
  onStack("scale <service> <n>", "change how many instances a service has").action((service, n, flags) =>
    choose(async (context) => (await import("./operations.ts")).scale(context, service, n, flags), flags.json === true),
  );
  onStack("open", "open the console with a fresh login link").action((flags) =>
    choose(async (context) => (await import("./open.ts")).open(context, flags), flags.json === true),
  );
  onStack("doctor", "say what this machine can do and what stands in the way").action((flags) =>
    choose(async (context) => (await import("./doctor.ts")).doctor(context, flags), flags.json === true),
  );
}

function addDiscoveryCommands(onStack: Add, choose: Choose): void {
  onStack("discovery [app]", "what callers see: all apps by zone, or one app's instances; do the registries agree?")
    .option("--at <moment>", "as it was: a time ago (10m), an ISO 8601 time or a registry's cursor")
    .action((app, flags) =>
      choose(async (context) => (await import("./discovery.ts")).discovery(context, app, flags), flags.json === true),
    );
  onStack("why <app[/instance]>", "say why callers see an instance as they do, or do not see it").action(
    (name, flags) =>
      choose(async (context) => (await import("./why.ts")).why(context, name, flags), flags.json === true),
  );
  onStack(
    "resilience [service]",
    "circuits and balancers of every caller: what is open, who is put out, and why",
  ).action((service, flags) =>
    choose(
      async (context) => (await import("./resilience.ts")).resilience(context, service, flags),
      flags.json === true,
    ),
  );
  onStack(
    "traces [id]",
    "requests and what they called, one a line; one of them, by its id or a request's, with its logs",
  )
    .option("--service <name>", "that this service had a part in")
    .option("--operation <name>", "… and this of its operations")
    .option("--min-ms <n>", "that took at least so long")
    .option("--errors", "in which something failed")
    .option("--seconds <n>", "that began so many seconds ago at most")
    .option("--limit <n>", "the newest so many (default: 50)")
    .option("--endpoint", "print the variables with which another program sends its traces here")
    .action((id, flags) =>
      choose(async (context) => (await import("./traces/traces.ts")).traces(context, id, flags), flags.json === true),
    );
  onStack("events [app[/instance]]", "what happened at a registry, and who did it")
    .option("--limit <n>", "the latest so many (default: 50)")
    .option("--registry <name>", "whose log (default: one that answers)")
    .option("-f, --follow", "go on with new ones")
    .action((of, flags) =>
      choose(async (context) => (await import("./events.ts")).events(context, of, flags), flags.json === true),
    );
  onStack("override <app/instance> [status]", "outweigh an instance's own status, such as OUT_OF_SERVICE")
    .option("--reason <text>", "why, for others who look")
    .option("--clear", "take it back")
    .action((name, status, flags) =>
      choose(
        async (context) => (await import("./override.ts")).override(context, name, status, flags),
        flags.json === true,
      ),
    );
}

function addRegistryCommand(add: Add, choose: Choose): void {
  add("registry", "run one registry in the foreground, for Eureka's clients and ours, without an application")
    .option("--port <n>", "where it listens (default: 8761)")
    .option("--address <ip>", "on which address (default: 127.0.0.1)")
    .option("--peers <urls>", "the other registries, separated by commas: http://a:8761,http://b:8761")
    .option("--name <name>", "its name, unique among its peers (default: registry-PORT)")
    .option("--zone <zone>", "where it stands (default: its name)")
    .option("--region <region>", "the region of its zone (default: local-1)")
    .option("--profile <profile>", "fast, or compat: Netflix's timings (default: fast)")
    .option("--probe <kind>", "look whether instances are dead: off, tcp or http (default: off)")
    .option("--eureka-peer <url>", "an Eureka server that hears of every change; may be repeated", collect)
    .option("--remote-region <name=url>", "a registry of another region, for ?regions=; may be repeated", collect)
    .option("--rate-limit", "limit those who fetch everything, as Eureka's filter does")
    .action((flags) =>
      choose(async (context) => (await import("./registry.ts")).registry(context, flags), flags.json === true),
    );
}

function addSidecarCommand(add: Add, choose: Choose): void {
  add(
    "sidecar [command...]",
    "run beside a program in any language: registered, checked, drained; it calls others by name",
  )
    .option("-p, --http-port-api <n>", "where the program finds its sidecar (default: 8078)")
    .option("-a, --app-name <name>", "the name callers use (default: the configuration's, else prana)")
    .option("-c, --config <file>", "a properties file (default: prana.properties, when there is one)")
    .option("--health-url <url>", "2xx: the program can serve; 204: it starts (default: its /healthcheck)")
    .option("--parent-host <ip>", "where the program listens (default: 127.0.0.1)")
    .option("--parent-port <n>", "where the program listens (default: 7001)")
    .option("--front <n>", "listen there for callers, and pass their requests on to the program")
    .option("--registry <urls>", "base URLs of registries, separated by commas (default: the environment's)")
    .addHelpText(
      "after",
      "\nWhat follows -- is started by the sidecar: holdfast sidecar -a ratings -- python3 app.py\nIts exit code becomes the sidecar's.",
    )
    .action((command, flags) =>
      choose(async (context) => (await import("./sidecar.ts")).sidecar(context, flags, command), flags.json === true),
    );
}

function addAppCommands(program: Command, choose: Choose): void {
  const app = program.command("app").description("the application file: schema, check, print").helpCommand(false);
  app
    .command("schema")
    .description("print the JSON Schema of the application file")
    .option("--json", "the same")
    .action((flags) => choose(async () => (await import("./app.ts")).appSchema(), flags.json === true));
  app
    .command("check [dir]")
    .description("check the application file; all faults at once")
    .option("--json", "print JSON and nothing else")
    .action((dir, flags) =>
      choose(async (context) => (await import("./app.ts")).appCheck(context, dir), flags.json === true),
    );
  app
    .command("print [dir]")
    .description("print the application with all defaults filled in")
    .addOption(new Option("-o, --output <form>", "yaml or json").default("yaml"))
    .option("--json", "the same as -o json")
    .action((dir, flags) => {
      const form = flags.json === true ? "json" : String(flags.output);
      choose(async (context) => (await import("./app.ts")).appPrint(context, dir, form), flags.json === true);
    });
}
