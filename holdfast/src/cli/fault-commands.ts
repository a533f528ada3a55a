import type { Command } from "commander";
import { type Choose, collect, commandGroup } from "./command-group.ts";

const place = "region, zone, service, server group, instance or 127.R.Z.I; may be repeated";

/** `holdfast fault …`: disturb the network between zones and instances. */
export function addFaultCommands(program: Command, choose: Choose): void {
  const add = commandGroup(program, "fault", "disturb the network between zones and instances: list, add, clear");

  add("list", "list what is in force, and what this stack can do and why").action((flags) =>
    choose(async (context) => (await import("./fault.ts")).faultList(context, flags), flags.json === true),
  );
  add("add <kind>", "partition, refuse, loss, delay or bandwidth, for a time")
    .option("--from <place>", place, collect)
    .option("--to <place>", `${place} (default: everything else)`, collect)
    .option("--shape <name>", "one, halves, ring or bridge, of zones (default: one)")
    .option("--one-way", "only what goes from --from to --to")
    .option("--for <time>", "how long: 30s, 5m; at most 12h")
    .option("--loss <percent>", "of loss: packets that vanish")
    .option("--delay <time>", "of delay: added to each packet")
    .option("--rate <rate>", "of bandwidth: 8mbit, 500kbit")
    .option("--hold", "stay until it is over; it ends within 3 s when this command dies")
    .option("--reason <text>", "why, for the diary")
    .option("--force", "also when no zone would reach another one")
    .action((kind, flags) =>
      choose(async (context) => (await import("./fault.ts")).faultAdd(context, kind, flags), flags.json === true),
    );
  add("clear [id]", "end one fault, or all").action((id, flags) =>
    choose(async (context) => (await import("./fault.ts")).faultClear(context, id, flags), flags.json === true),
  );
}
