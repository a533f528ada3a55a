import type { Command } from "commander";
import { type Add, type Choose, collect, commandGroup } from "./command-group.ts";

const scopeHelp = "service=, instance=, zone=, region=, env= … for whom it counts; may be repeated";

/** `holdfast config …`: the properties of running services. */
export function addConfigCommands(program: Command, choose: Choose): void {
  const add = commandGroup(
    program,
    "config",
    "properties of running services: get, set, history, diff, rollback, explain, stage, secret",
  );
  const told = (command: Command): Command =>
    command
      .option("--reason <text>", "why, for the history")
      .option("--author <name>", "who (default: your user name)");
  const scoped = (command: Command): Command => command.option("-s, --scope <name=value>", scopeHelp, collect);

  scoped(add("get [key]", "list the values of a key, or all"))
    .option("--search <text>", "only where the key or the value holds this")
    .action((key, flags) =>
      choose(async (context) => (await import("./config/get.ts")).get(context, key, flags), flags.json === true),
    );
  told(scoped(add("set <key> [value]", "set a value for all whom its scope covers, at once")))
    .option("--remove", "remove the value instead")
    .action((key, value, flags) =>
      choose(async (context) => (await import("./config/set.ts")).set(context, key, value, flags), flags.json === true),
    );
  addHistoryCommands(add, told, choose);
  scoped(add("explain [key]", "which value counts for whom, and why each other does not"))
    .option("--for <instance>", "for this instance: its id, the beginning of it, or a service")
    .action((key, flags) =>
      choose(
        async (context) => (await import("./config/explain.ts")).explain(context, key, flags),
        flags.json === true,
      ),
    );
  told(scoped(add("stage [key] [value]", "try a value with some instances first; list trials; end one")))
    .option("--steps <list>", "shares and zones: 10%,50% or zone:local-1a,50% (default: 10%,50%; the last is all)")
    .option("--watch <duration>", "how long each step is watched (default: 30s)")
    .option("--requests <n>", "so many requests must be seen in a step (default: 20)")
    .option("--errors <points>", "so many points more errors than the others may be (default: 2)")
    .option("--no-wait", "return when the first step has begun")
    .option("--revert <id>", "take a trial's value back now")
    .option("--advance <id>", "go on to the next step without waiting")
    .action((key, value, flags) =>
      choose(
        async (context) => (await import("./config/stage.ts")).stage(context, key, value, flags),
        flags.json === true,
      ),
    );
  told(add("secret [name]", "list secrets; set one from standard input; a value names it: secret('NAME')"))
    .option("--set", "set it: the value is read from standard input")
    .option("--remove", "remove it; nothing may name it any more")
    .option("--rotate", "seal all secrets under a new key")
    .action((name, flags) =>
      choose(async (context) => (await import("./config/secret.ts")).secret(context, name, flags), flags.json === true),
    );
  add("instances", "which instances listen for changes, and how far each was told").action((flags) =>
    choose(async (context) => (await import("./config/get.ts")).instances(context, flags), flags.json === true),
  );
}

function addHistoryCommands(add: Add, told: (command: Command) => Command, choose: Choose): void {
  add("history [key]", "who changed what, when and why; newest first")
    .option("--limit <n>", "the latest so many (default: 30)")
    .action((key, flags) =>
      choose(
        async (context) => (await import("./config/history.ts")).history(context, key, flags),
        flags.json === true,
      ),
    );
  add("diff <from> [to]", "what is different between two revisions").action((from, to, flags) =>
    choose(
      async (context) => (await import("./config/history.ts")).diff(context, from, to, flags),
      flags.json === true,
    ),
  );
  told(add("rollback <revision>", "bring everything back to what it was at a revision"))
    .option("--undo", "undo that one change instead, and leave the later ones")
    .action((revision, flags) =>
      choose(
        async (context) => (await import("./config/history.ts")).rollback(context, revision, flags),
        flags.json === true,
      ),
    );
}
