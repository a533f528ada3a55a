import { spawn } from "node:child_process";
import { operatorAddress } from "@holdfast/wire";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { type CommandContext, openStack, type StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

/** `holdfast open`: a fresh login link, in the browser when there is one, and on the terminal always. */
export async function open(context: CommandContext, options: StackOptions): Promise<number> {
  const { terminal } = context;
  const { stack, control } = openStack(options);
  const { code } = await control.call<{ code: string }>("POST", ControlPaths.sessionCodes);
  control.close();
  const url = `http://${operatorAddress}:${stack.ports.console}/login?code=${code}`;
  terminal.print(url);
  terminal.printJson({ url });
  if (!terminal.json) await startBrowser(url);
  return exitCodes.ok;
}

async function startBrowser(url: string): Promise<void> {
  const hasDisplay =
    process.platform !== "linux" ||
    process.env["DISPLAY"] !== undefined ||
    process.env["WAYLAND_DISPLAY"] !== undefined;
  if (!hasDisplay) return;
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", url]
        : ["xdg-open", url];
  await new Promise<void>((resolve) => {
    const child = spawn(program ?? "xdg-open", args, { stdio: "ignore", detached: true });
    // No browser: the link is on the terminal.
    child.once("error", () => resolve());
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
}
