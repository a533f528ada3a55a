import type { Command } from "commander";
import { type Add, type Choose, collect, onStack } from "../command-group.ts";

const load = (): Promise<typeof import("./group.ts")> => import("./group.ts");

/** `holdfast groups` and `holdfast group …`: server groups, one by one. */
export function addGroupCommands(program: Command, choose: Choose): void {
  onStack(program, "groups [name]", "all server groups, those of a service, or one with its instances").action(
    (name, flags) =>
      choose(async (context) => (await import("./groups.ts")).groups(context, name, flags), flags.json === true),
  );
  const group = program
    .command("group")
    .description("change one server group: clone, resize, enable, disable, destroy, shrink, standby, refresh …")
    .helpCommand(false);
  const add: Add = (usage, description) =>
    onStack(group, usage, description)
      .option("--key <text>", "the same key again is the same operation")
      .option("--no-wait", "return once it is accepted");
  addSizeCommands(add, choose);
  addTrafficCommands(add, choose);
  addInstanceCommands(add, choose);
  addUpkeepCommands(add, choose);
}

function withTemplate(command: Command): Command {
  return command
    .option("--image <directory>", "another image")
    .option("--run <command>", "another command")
    .option("--env <NAME=value>", "another value in its environment; may be repeated", collect);
}

function withSize(command: Command): Command {
  return command
    .option("--min <n>", "never fewer")
    .option("--desired <n>", "so many now")
    .option("--max <n>", "never more");
}

function addSizeCommands(add: Add, choose: Choose): void {
  withTemplate(withSize(add("clone <group>", "start the next group of its cluster beside it")))
    .option("--no-traffic", "it fills up without traffic, until it is enabled")
    .action((name, flags) =>
      choose(async (context) => (await load()).clone(context, name, flags), flags.json === true),
    );
  withSize(add("resize <group> [desired]", "change how many there are, and the bounds")).action(
    (name, desired, flags) =>
      choose(async (context) => (await load()).resize(context, name, desired, flags), flags.json === true),
  );
  add("shrink <group> <instance>", "end this instance and want one less").action((name, instance, flags) =>
    choose(async (context) => (await load()).act(context, name, "shrink", { instance }, flags), flags.json === true),
  );
  add("destroy <group>", "end all its instances, and then the group")
    .option("--force", "also the last group of its cluster that serves")
    .action((name, flags) =>
      choose(
        async (context) => (await load()).act(context, name, "destroy", { force: flags.force === true }, flags),
        flags.json === true,
      ),
    );
}

function addTrafficCommands(add: Add, choose: Choose): void {
  add("enable <group>", "give its instances traffic").action((name, flags) =>
    choose(async (context) => (await load()).act(context, name, "enable", {}, flags), flags.json === true),
  );
  add("disable <group>", "take its instances out of traffic, present and future")
    .option("--force", "also the last group of its cluster that serves")
    .action((name, flags) =>
      choose(
        async (context) => (await load()).act(context, name, "disable", { force: flags.force === true }, flags),
        flags.json === true,
      ),
    );
}

function addInstanceCommands(add: Add, choose: Choose): void {
  add("standby <group> <instances...>", "take instances out of traffic and capacity, or put them back")
    .option("--decrement", "nobody takes their place")
    .option("--exit", "put them back into service")
    .action((name, instances, flags) => {
      const decrement = flags.decrement === true;
      const [verb, body] = flags.exit === true ? ["in-service", { instances }] : ["standby", { instances, decrement }];
      const isJson = flags.json === true;
      choose(async (context) => (await load()).act(context, name, String(verb), body, flags), isJson);
    });
  add("protect <group> <instances...>", "keep instances from scale-in")
    .option("--off", "no longer")
    .action((name, instances, flags) => {
      const body = { instances, protected: flags.off !== true };
      choose(async (context) => (await load()).act(context, name, "protect", body, flags), flags.json === true);
    });
  add("detach <group> <instances...>", "give instances away: they run on and belong to no group")
    .option("--decrement", "nobody takes their place")
    .action((name, instances, flags) => {
      const body = { instances, decrement: flags.decrement === true };
      choose(async (context) => (await load()).act(context, name, "detach", body, flags), flags.json === true);
    });
  add("hook <group> <instance> <hook> <answer>", "answer a lifecycle hook: CONTINUE, ABANDON or HEARTBEAT").action(
    (name, instance, hook, answer, flags) => {
      const body = { instance, hook, answer };
      choose(async (context) => (await load()).act(context, name, "hook", body, flags), flags.json === true);
    },
  );
}

function addUpkeepCommands(add: Add, choose: Choose): void {
  for (const verb of ["suspend", "resume"] as const) {
    add(
      `${verb} <group> <processes...>`,
      `${verb} what it does by itself: Launch, Terminate, ReplaceUnhealthy …`,
    ).action((name, processes, flags) =>
      choose(async (context) => (await load()).act(context, name, verb, { processes }, flags), flags.json === true),
    );
  }
  withTemplate(add("refresh <group>", "replace its instances step by step"))
    .option("--min-healthy <percent>", "so many serve all the time (default: 90)")
    .option("--max-healthy <percent>", "never more than this, 100 to 200 (default: 100)")
    .option("--checkpoints <percents>", "wait after these: 20,50")
    .option("--checkpoint-delay <time>", "… so long (default: 1h)")
    .option("--skip-matching", "leave those alone that run it already")
    .option("--auto-rollback", "go back when it fails")
    .option("--bake <time>", "watch it so long before it is a success")
    .option("--cancel", "call it off")
    .option("--rollback", "go back to what it ran before")
    .action((name, flags) =>
      choose(async (context) => (await load()).refresh(context, name, flags), flags.json === true),
    );
  add("continue <group>", "let a rollout go on that was paused when a zone was lost").action((name, flags) =>
    choose(async (context) => (await load()).act(context, name, "continue", {}, flags), flags.json === true),
  );
  add("settings <group>", "show or change how it is looked after")
    .option("--policies <names>", "who ends first: OldestInstance,Default …")
    .option("--checks <names>", "whose word on health counts: process,registry,http,balancer")
    .option("--http-check <check>", "what the check http asks: /path[:statuses[:interval]]; or none for its defaults")
    .option("--grace <time>", "no replacement for failing checks so soon after its start")
    .option("--cooldown <time>", "between changes by simple policies (default: 5m)")
    .option("--max-lifetime <time>", "replaced after so long, 24h or more; or none")
    .option("--protect-new <on|off>", "new instances are protected from scale-in")
    .option("--hook <hook>", "name:launching|terminating[:time[:CONTINUE|ABANDON]]; may be repeated; or none", collect)
    .action((name, flags) =>
      choose(async (context) => (await load()).settings(context, name, flags), flags.json === true),
    );
}
