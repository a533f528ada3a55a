import { codeOf, OptionError, PlatformError } from "@holdfast/kernel";
import { MeterRegistry } from "@holdfast/metrics";
import { checkSettings, type RunningRegistry, startRegistry } from "@holdfast/registry-server";
import type { RegistrySettings } from "@holdfast/wire";
import { readCountArgument } from "./arguments.ts";
import type { CommandContext } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { registryWords } from "./registry-words.ts";
import type { Terminal } from "./terminal.ts";
import { TerminalLog } from "./terminal-log.ts";

export interface RegistryFlags {
  readonly port?: string;
  readonly address?: string;
  readonly name?: string;
  readonly zone?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly probe?: string;
  readonly peers?: string;
  readonly eurekaPeer?: readonly string[];
  readonly remoteRegion?: readonly string[];
  readonly rateLimit?: boolean;
}

/** What Eureka's clients and Netflix's samples use. */
const defaultPort = 8_761;
/** Before this the wait for peers is not worth a word. */
const quietMs = 1_000;

/** `holdfast registry`: one registry in the foreground, for Eureka's clients and ours, without an application. */
export async function registry(context: CommandContext, flags: RegistryFlags): Promise<number> {
  const { clock, random, terminal } = context;
  const port = readCountArgument("--port", flags.port ?? String(defaultPort), 65_535);
  const settings = readRegistryFlags(flags, port);
  const address = flags.address ?? "127.0.0.1";
  const log = new TerminalLog({ terminal, wallMs: () => clock.wallMs(), wordsOf: registryWords });
  const stop = stopSignals();
  const meters = new MeterRegistry();
  const running = await startRegistry(clock, random, log, settings, { address, port, ports: { meters } }).catch(
    (error: unknown) => {
      throw listenError(error, address, port);
    },
  );
  try {
    for (const line of bannerLines(terminal, running.url, settings, address)) terminal.print(line);
    log.begin();
    const waiting = clock.after(quietMs, () => terminal.print("waiting for its peers to tell what they know …"));
    const isServing = await Promise.race([running.synced.then(() => true), stop.first.then(() => false)]);
    waiting.cancel();
    if (isServing) terminal.printJson({ event: "serving", url: running.url, ...settings });
    await stop.first;
    const listeners =
      settings.peers.length === 0 ? "its listeners keep what they know" : "its listeners go to its peers";
    terminal.print(`stopping: ${listeners} (once more ctrl-c: at once)`);
    await Promise.race([drain(running, clock.sleep(200)), stop.second]);
    return exitCodes.ok;
  } finally {
    stop.close();
  }
}

async function drain(running: RunningRegistry, aMoment: Promise<void>): Promise<void> {
  running.drain();
  // Those who ask in this moment are sent on to a peer.
  await aMoment;
  await running.close();
}

/** @throws OptionError naming the option. */
export function readRegistryFlags(flags: RegistryFlags, port: number): RegistrySettings {
  const { name, zone, region, profile, probe, peers, eurekaPeer, remoteRegion, rateLimit } = flags;
  const given = {
    name: name ?? `registry-${port}`,
    peers: peers === undefined ? [] : peers.split(",").map((url) => url.trim().replace(/\/+$/, "")),
    zone,
    region,
    profile,
    probe,
    eurekaPeers: eurekaPeer?.map((url) => url.replace(/\/+$/, "")),
    remoteRegions: remoteRegion === undefined ? undefined : Object.fromEntries(remoteRegion.map(readRegion)),
    rateLimit: rateLimit === true ? {} : undefined,
  };
  try {
    return checkSettings(given, "registry");
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const message = error.message.replace(/^registry\.(\w+)(\.\S+)?:/, (_all, field: string) => `${optionOf(field)}:`);
    throw new PlatformError("OPTION_INVALID", message, { status: 400 });
  }
}

function optionOf(field: string): string {
  const dashed = field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${dashed === "eureka-peers" ? "eureka-peer" : dashed === "remote-regions" ? "remote-region" : dashed}`;
}

function readRegion(text: string): [name: string, url: string] {
  const mark = text.indexOf("=");
  if (mark > 0) return [text.slice(0, mark), text.slice(mark + 1).replace(/\/+$/, "")];
  throw new OptionError("--remote-region", "name=url, as in eu=http://10.1.0.1:8761/eureka/v2", text);
}

/** At most eight lines: what it is, where clients go, how to stop. */
export function bannerLines(terminal: Terminal, url: string, settings: RegistrySettings, address: string): string[] {
  const { bold, dim, yellow } = terminal.colors;
  const { name, peers, profile = "fast", probe = "off" } = settings;
  const many = peers.length === 0 ? "stands alone" : `peers ${peers.join(", ")}`;
  const lines = [
    bold(`Holdfast registry ${name}, profile ${profile}, probe ${probe}, ${many}`),
    `  Eureka clients  ${url}/eureka/v2   ${dim(`(Spring: ${url}/eureka)`)}`,
    `  Holdfast        ${url}/v1/registry/stream`,
    `  What it knows   ${url}/v1/registry/summary, ${url}/metrics, ${url}/openapi.json`,
  ];
  if (!/^(127\.|::1$|localhost$)/.test(address)) {
    lines.push(yellow(`  ${address} is open to others: whoever reaches it may register and remove, as with Eureka`));
  }
  lines.push(dim("  ctrl-c stops it"));
  return lines;
}

function listenError(error: unknown, address: string, port: number): unknown {
  const code = codeOf(error);
  if (code === "EADDRINUSE") {
    const message = `port ${port} of ${address} is taken by another program`;
    return new PlatformError("PORT_TAKEN", message, { next: `holdfast registry --port ${port + 1}`, status: 409 });
  }
  if (code === "EACCES") {
    return new PlatformError("PORT_NOT_PERMITTED", `port ${port} of ${address} needs a privilege this user lacks`, {
      next: "choose a port above 1023",
    });
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EINVAL") {
    return new PlatformError("OPTION_INVALID", `--address: ${address} is no address of this machine`, { status: 400 });
  }
  return error;
}

interface StopSignals {
  readonly first: Promise<void>;
  readonly second: Promise<void>;
  close(): void;
}

function stopSignals(): StopSignals {
  const waiting = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  let count = 0;
  const onSignal = (): void => waiting[Math.min(count++, 1)]?.resolve();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    first: waiting[0].promise,
    second: waiting[1].promise,
    close: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
