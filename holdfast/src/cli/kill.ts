import { OptionError, PlatformError } from "@holdfast/kernel";
import { type EngineSignal, engineSignals } from "@holdfast/wire";
import type { InstanceView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

export interface KillFlags extends StackOptions {
  readonly signal?: string;
}

/** `holdfast kill <instance>`. */
export async function kill(context: CommandContext, given: string, flags: KillFlags): Promise<number> {
  const signal = readSignal(flags.signal ?? "SIGKILL");
  const { terminal } = context;
  const { control } = openStack(flags);
  const instances = await control.call<InstanceView[]>("GET", ControlPaths.instances);
  const instance = chooseInstance(instances, given);
  await control.call("POST", ControlPaths.kill(instance.id), { signal });
  control.close();
  terminal.print(`${signal} sent to ${instance.name} ${instance.id} in ${instance.zone}`);
  terminal.printJson({ id: instance.id, name: instance.name, zone: instance.zone, signal });
  return exitCodes.ok;
}

/** `KILL`, `sigkill` and `SIGKILL` are the same. */
function readSignal(text: string): EngineSignal {
  const name = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const signal = engineSignals.find((known) => known === name);
  if (signal === undefined) throw new OptionError("--signal", `one of ${engineSignals.join(", ")}`, text);
  return signal;
}

/**
 * The instance with this id, or the only one whose id begins so (with or without `i-`), or, given a service's name, the one
 * of its instances that has been up longest.
 *
 * @throws PlatformError `INSTANCE_UNKNOWN` or `AMBIGUOUS`.
 */
export function chooseInstance(instances: readonly InstanceView[], given: string): InstanceView {
  const running = instances.filter((instance) => instance.status !== "stopped");
  const exact = instances.find((instance) => instance.id === given);
  if (exact !== undefined) return exact;
  const ofService = running
    .filter((instance) => instance.name === given && instance.status === "up")
    .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  if (ofService[0] !== undefined) return ofService[0];
  const matches = running.filter((instance) => instance.id.startsWith(given) || instance.id.startsWith(`i-${given}`));
  const [only] = matches;
  if (only === undefined) {
    throw new PlatformError(
      "INSTANCE_UNKNOWN",
      `${given}: no instance has an id that begins so, and no service of this name is up`,
      {
        next: "holdfast ps",
        status: 404,
      },
    );
  }
  if (matches.length === 1) return only;
  const some = matches.slice(0, 5).map((instance) => `${instance.id} (${instance.name})`);
  throw new PlatformError("AMBIGUOUS", `${given}: could be ${some.join(", ")}${matches.length > 5 ? " …" : ""}`, {
    next: "type more of the id",
    status: 400,
  });
}
