import { codeOf, PlatformError } from "@holdfast/kernel";
import {
  programOfFlags,
  type RunningSidecar,
  runSidecar,
  type SidecarFlags,
  sidecarDefaults,
  startExitCode,
} from "@holdfast/sidecar";
import type { CommandContext } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";
import { TerminalLog } from "./terminal-log.ts";

/** `holdfast sidecar [-- command…]`: what a service of ours has in itself, for a program in any language. */
export async function sidecar(
  context: CommandContext,
  flags: SidecarFlags,
  command: readonly string[],
): Promise<number> {
  const { clock, random, terminal } = context;
  const log = new TerminalLog({ terminal, wallMs: () => clock.wallMs(), wordsOf: () => undefined });
  try {
    const program = programOfFlags({ ...flags, command }, process.env, random);
    return await runSidecar(program, { clock, random, log }, (running) => {
      for (const line of bannerLines(terminal, running)) terminal.print(line);
      log.begin();
    });
  } catch (error) {
    terminal.printError(portError(error, Number(flags.httpPortApi ?? sidecarDefaults.apiPort)));
    return codeOf(error) === "EADDRINUSE" ? exitCodes.environment : startExitCode(error);
  }
}

function bannerLines(terminal: Terminal, { identity, apiUrl, url }: RunningSidecar): string[] {
  const { bold, dim } = terminal.colors;
  const { service, instanceId, registries } = identity;
  const where = registries.length === 0 ? "in no registry (--registry)" : `registered at ${registries.join(", ")}`;
  return [
    bold(`Holdfast sidecar of ${service}/${instanceId}, ${where}`),
    `  Its callers come to  ${url}`,
    `  It calls others at   ${apiUrl}/to/{service}/{path}   ${dim(`(Prana: ${apiUrl}/proxy?vip=…&path=…)`)}`,
    `  Who is there         ${apiUrl}/registry, ${apiUrl}/registry.stream`,
  ];
}

function portError(error: unknown, port: number): unknown {
  if (codeOf(error) !== "EADDRINUSE") return error;
  return new PlatformError("PORT_TAKEN", `port ${port} of 127.0.0.1 is taken by another program`, {
    next: `holdfast sidecar -p ${port + 1}`,
    status: 409,
  });
}
