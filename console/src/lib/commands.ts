import type { KillRequest } from "@holdfast/wire/control";

/** The command-line twin of each action, exactly as a person would type it beside the application file. */

export type Signal = NonNullable<KillRequest["signal"]>;

/** What `kill` and the API do when no signal is named. */
export const defaultSignal: Signal = "SIGKILL";

export function killCommand(instance: string, signal: Signal = defaultSignal): string {
  const option = signal === defaultSignal ? "" : ` --signal ${signal}`;
  return `npx holdfast kill ${instance}${option}`;
}

export function scaleCommand(service: string, desired: number): string {
  return `npx holdfast scale ${service} ${desired}`;
}

export function restartCommand(service: string): string {
  return `npx holdfast restart ${service}`;
}

export function whyCommand(app: string, id: string): string {
  return `npx holdfast why ${app}/${id}`;
}

export function overrideCommand(app: string, id: string, status: string, reason: string): string {
  // Within single quotes a shell takes everything as it is, but for the quote itself.
  const quoted = `'${reason.replaceAll("'", "'\\''")}'`;
  return `npx holdfast override ${app}/${id} ${status} --reason ${quoted}`;
}

export function clearOverrideCommand(app: string, id: string): string {
  return `npx holdfast override ${app}/${id} --clear`;
}

export function logsCommand(service: string): string {
  return `npx holdfast logs ${service} -f`;
}

export function curlCommand(url: string): string {
  return `curl -i ${url.endsWith("/") ? url : `${url}/`}`;
}
