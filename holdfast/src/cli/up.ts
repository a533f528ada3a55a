import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { OptionError } from "@holdfast/kernel";
import { defaultPorts, type PortName } from "@holdfast/wire";
import { findApplicationFile } from "../app-file/find.ts";
import { engineNames } from "../stack/container-engine.ts";
import { isolations } from "../stack/isolation.ts";
import { stateDirectoryName } from "../stack/stack-file.ts";
import { upDetached } from "../up/detach.ts";
import type { UpOptions } from "../up/plan.ts";
import { stopOnSignals } from "../up/signals.ts";
import { Supervisor } from "../up/supervisor.ts";
import type { CommandContext } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { makeUpView } from "./up-view.ts";

export interface UpFlags {
  readonly detach?: boolean;
  readonly zones?: string;
  readonly regions?: string;
  readonly port?: readonly string[];
  readonly isolated?: boolean;
  readonly state?: string;
  readonly isolation?: string;
  readonly engine?: string;
  /** False with `--no-wait`. */
  readonly wait?: boolean;
}

/** `holdfast up [dir]`. */
export async function up(context: CommandContext, where: string | undefined, flags: UpFlags): Promise<number> {
  const options = readUpFlags(where, flags);
  const { clock, random, terminal } = context;
  const view = makeUpView(terminal, clock, flags.detach === true);
  try {
    if (flags.detach === true) {
      await upDetached(clock, withStateNamed(options), (event) => view.show(event));
      return exitCodes.ok;
    }
    const supervisor = new Supervisor(clock, random, options, (event) => view.show(event));
    const stoppedBy = stopOnSignals(clock, supervisor);
    await supervisor.start();
    await supervisor.finished;
    return stoppedBy() === "SIGINT" ? exitCodes.interrupted : exitCodes.ok;
  } finally {
    view.close();
  }
}

/** A detached supervisor shows in its environment which stack it holds. */
function withStateNamed(options: UpOptions): UpOptions {
  if (options.isolated || options.state !== undefined) return options;
  const file = realpathSync(findApplicationFile(options.where));
  return { ...options, where: file, state: join(dirname(file), stateDirectoryName) };
}

/** @throws OptionError naming the flag. */
export function readUpFlags(where: string | undefined, flags: UpFlags): UpOptions {
  const ports: Partial<Record<PortName, number>> = {};
  for (const text of flags.port ?? []) {
    const [name, value] = text.split("=");
    const port = Number(value);
    if (
      name === undefined ||
      !isPortName(name) ||
      value === undefined ||
      !Number.isInteger(port) ||
      port < 0 ||
      port > 65_535
    ) {
      throw new OptionError(
        "--port",
        `${Object.keys(defaultPorts).join("=N, ")}=N with N from 0 (any free port) to 65535`,
        text,
      );
    }
    ports[name] = port;
  }
  return {
    where: where ?? ".",
    zones: readCount("--zones", flags.zones, 9),
    regions: readCount("--regions", flags.regions, 99),
    ports,
    isolated: flags.isolated === true,
    state: flags.state,
    isolation: readIsolation(flags.isolation),
    engine: readEngine(flags.engine),
    noWait: flags.wait === false,
  };
}

function readIsolation(text = "auto"): UpOptions["isolation"] {
  const known = ["auto", ...isolations] as const;
  const found = known.find((name) => name === text);
  if (found === undefined) throw new OptionError("--isolation", known.join(", "), text);
  return found;
}

function readEngine(text = "process"): UpOptions["engine"] {
  const found = engineNames.find((name) => name === text);
  if (found === undefined) throw new OptionError("--engine", engineNames.join(", "), text);
  return found;
}

function isPortName(name: string): name is PortName {
  return Object.hasOwn(defaultPorts, name);
}

function readCount(flag: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new OptionError(flag, `a whole number from 1 to ${max}`, text);
  return value;
}
