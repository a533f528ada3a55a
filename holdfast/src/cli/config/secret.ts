import { once } from "node:events";
import { createInterface } from "node:readline";
import { PlatformError } from "@holdfast/kernel";
import type { ConfigChangeView, ConfigSecretView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatAge, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { type ToldFlags, toldOf } from "./config-words.ts";
import { printChange } from "./set.ts";

export interface SecretFlags extends ToldFlags {
  readonly set?: boolean;
  readonly remove?: boolean;
  readonly rotate?: boolean;
}

/** Enough to see that it is too long. */
const charsMax = 128 * 1024;

/** `holdfast config secret`: lists names; `<name> --set` reads the value from standard input, never from the line. */
export async function secret(context: CommandContext, name: string | undefined, flags: SecretFlags): Promise<number> {
  const wanted = [flags.set, flags.remove, flags.rotate].filter((flag) => flag === true).length;
  if (wanted > 1 || ((flags.set === true || flags.remove === true) && name === undefined)) {
    throw new PlatformError("USAGE", "holdfast config secret: give a name and --set or --remove, or --rotate alone", {
      next: "printf %s … | holdfast config secret DB_PASSWORD --set",
    });
  }
  // Read before anything is asked of control: whoever types nothing has changed nothing.
  const value = flags.set === true ? await readSecret(context) : undefined;
  const { control } = openStack(flags);
  const { terminal, clock } = context;
  try {
    if (name !== undefined && value !== undefined) {
      const path = ControlPaths.configSecret(name);
      printChange(terminal, await control.call<ConfigChangeView>("PUT", path, { value, ...toldOf(flags) }));
      terminal.print(`  use it: holdfast config set <key> "secret('${name}')"`);
      return exitCodes.ok;
    }
    if (name !== undefined && flags.remove === true) {
      const path = ControlPaths.configSecretRemove(name);
      printChange(terminal, await control.call<ConfigChangeView>("POST", path, toldOf(flags)));
      return exitCodes.ok;
    }
    if (flags.rotate === true) {
      const done = await control.call<{ resealed: number }>("POST", ControlPaths.configSecretKeys);
      terminal.printJson(done);
      terminal.print(
        `${terminal.colors.green("✔")} a new key; ${done.resealed} secrets sealed under it, the old one forgotten`,
      );
      return exitCodes.ok;
    }
    const all = await control.call<ConfigSecretView[]>("GET", ControlPaths.configSecrets);
    const found = all.filter((one) => name === undefined || one.name === name);
    if (name !== undefined && found.length === 0) {
      throw new PlatformError("SECRET_UNKNOWN", `${name}: no such secret`, {
        status: 404,
        next: "holdfast config secret",
      });
    }
    terminal.printJson(found);
    if (found.length === 0) terminal.print("no secrets yet: holdfast config secret <name> --set");
    const rows = found.map((one) => [
      one.name,
      one.fingerprint,
      one.author,
      formatAge(Date.parse(one.at), clock.wallMs()),
      one.usedBy.join(", ") || "nothing",
    ]);
    const header = ["SECRET", "FINGERPRINT", "BY", "AGO", "USED BY"];
    if (rows.length > 0) for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
    return exitCodes.ok;
  } finally {
    control.close();
  }
}

/** Standard input to its end, without the line's end; what is typed at a terminal is not shown. */
async function readSecret({ terminal }: CommandContext): Promise<string> {
  const value = process.stdin.isTTY ? await readHidden(terminal) : await readPiped();
  if (value !== "") return value;
  throw new PlatformError("USAGE", "nothing came on standard input: a secret has one byte at least");
}

async function readPiped(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > charsMax) break;
  }
  return text.replace(/\r?\n$/, "");
}

async function readHidden(terminal: Terminal): Promise<string> {
  const input = createInterface({ input: process.stdin, terminal: true });
  terminal.print("the secret (not shown):");
  try {
    const [line] = (await once(input, "line")) as [string];
    return line;
  } finally {
    input.close();
  }
}
