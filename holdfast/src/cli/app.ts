import { PlatformError } from "@holdfast/kernel";
import { applicationJsonSchema } from "@holdfast/wire/application";
import { findApplicationFile } from "../app-file/find.ts";
import type { NamedApplication } from "../app-file/load.ts";
import { loadApplication } from "../app-file/load-application.ts";
import { ApplicationFaultsError } from "../up/application-faults.ts";
import type { CommandContext } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { count, shortPath } from "./terminal.ts";

/** `holdfast app schema`: the JSON Schema of the application file, whatever the output form asked for. */
export function appSchema(): number {
  process.stdout.write(`${JSON.stringify(applicationJsonSchema(), undefined, 2)}\n`);
  return exitCodes.ok;
}

/** `holdfast app check [dir]`. */
export async function appCheck(context: CommandContext, where: string | undefined): Promise<number> {
  const { file, application } = await load(context, where);
  const services = Object.keys(application.services);
  context.terminal.print(
    `✔ ${shortPath(file)}: ${application.name} with ${count(services.length, "service")} (${services.join(", ")})`,
  );
  context.terminal.printJson({ file, application: application.name, services, faults: [] });
  return exitCodes.ok;
}

/** `holdfast app print [dir] -o yaml|json`: with every default filled in; what it prints is a valid application file. */
export async function appPrint(context: CommandContext, where: string | undefined, form: string): Promise<number> {
  if (form !== "yaml" && form !== "json") {
    throw new PlatformError("USAGE", `--output: must be yaml or json, got ${form}`, {
      next: "holdfast app print -o yaml",
      status: 400,
    });
  }
  const { application } = await load(context, where);
  process.stdout.write(await formatApplication(application, form));
  return exitCodes.ok;
}

/** The application as a file's text. */
export async function formatApplication(application: NamedApplication, form: "yaml" | "json"): Promise<string> {
  if (form === "json") return `${JSON.stringify(application, undefined, 2)}\n`;
  const { stringify } = await import("yaml");
  return stringify(application);
}

async function load(context: CommandContext, where = "."): Promise<{ file: string; application: NamedApplication }> {
  const file = findApplicationFile(where);
  const result = await loadApplication(context.clock, file);
  if (result.kind === "faults") throw new ApplicationFaultsError(result.faults);
  return result;
}
