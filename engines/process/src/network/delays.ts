import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { type Clock, messageOf, PlatformError } from "@holdfast/kernel";
import type { FaultSupportView } from "@holdfast/wire";
import { behind } from "./enter.ts";
import { firstWord } from "./first-word.ts";
import { delayDevice, markOf } from "./rules.ts";
import type { Shell } from "./shell.ts";

/** Makes devices through which packets take longer. */
export interface Delays {
  /** Makes the device for `delayMs` unless there is one. @throws PlatformError `FAULT_UNSUPPORTED` with the reason. */
  open(delayMs: number): Promise<void>;
  /** Ends all devices but those for `delaysMs`. */
  keep(delaysMs: readonly number[]): void;
  support(): Promise<FaultSupportView>;
  close(): void;
}

const tunFile = "/dev/net/tun";
const readyWithinMs = 5_000;

/**
 * Opens a TUN device and becomes the relay with it as descriptor 3. Node cannot: it takes an ioctl (TUNSETIFF with IFF_TUN and
 * IFF_NO_PI), as Linux's Documentation/networking/tuntap describes.
 */
const openTun = `use POSIX (); $^F = 255; my $name = shift;
open(my $tun, "+<", "${tunFile}") or die "${tunFile}: $!\\n";
my $request = pack("a16 S x22", $name, 0x1001);
ioctl($tun, 0x400454ca, $request) or die "TUNSETIFF: $!\\n";
system("ip", "link", "set", $name, "up") == 0 or die "ip link set $name up\\n";
POSIX::dup2(fileno($tun), 3); exec @ARGV or die "exec: $!\\n";`;

/**
 * Delays by a TUN device each: the kernel routes marked packets into it, and a relay process puts them back later. Needs no
 * module (`netem` is missing in some kernels). When the relay dies its device and route vanish, and packets take their usual way.
 */
export class TunDelays implements Delays {
  readonly #clock: Clock;
  readonly #shell: Shell;
  readonly #relayFile: string;
  readonly #prefix: readonly string[];
  readonly #relays = new Map<number, ChildProcess>();

  /** `relayFile` is the program `delay-relay.ts`; `prefix` brings it where `shell` runs its commands. */
  constructor(clock: Clock, shell: Shell, relayFile: string, prefix: readonly string[]) {
    this.#prefix = prefix;
    this.#clock = clock;
    this.#shell = shell;
    this.#relayFile = relayFile;
  }

  async open(delayMs: number): Promise<void> {
    const why = await this.#missing();
    if (why !== undefined) {
      throw new PlatformError("FAULT_UNSUPPORTED", `delay: ${why}`, { status: 501, next: "holdfast doctor" });
    }
    const mark = markOf({ id: "", kind: "delay", pairs: [], delayMs });
    if (this.#relays.has(mark)) return;
    const device = deviceOf(mark);
    const what = ["-e", openTun, device, process.execPath, this.#relayFile, String(Math.round(delayMs))];
    const line = behind(this.#prefix, "perl", what);
    // It ends with its input, and that with us.
    const relay = spawn(line.file, line.args, { stdio: ["pipe", "pipe", "pipe"] });
    relay.on("error", () => {});
    this.#relays.set(mark, relay);
    relay.once("exit", () => {
      if (this.#relays.get(mark) === relay) this.#relays.delete(mark);
    });
    try {
      await firstWord(this.#clock, relay, "the relay", readyWithinMs);
      const script = `set -e
ip rule del fwmark ${mark} lookup ${mark} 2>/dev/null || true
ip rule add fwmark ${mark} lookup ${mark}
echo 0 > /proc/sys/net/ipv4/conf/${device}/rp_filter
ip route replace default dev ${device} table ${mark}
`;
      await this.#shell.run("sh", ["-s"], script);
    } catch (error) {
      this.#end(mark);
      throw new PlatformError("FAULT_UNSUPPORTED", `delay: ${messageOf(error)}`, {
        status: 501,
        next: "holdfast doctor",
        cause: error,
      });
    }
  }

  keep(delaysMs: readonly number[]): void {
    const used = new Set(delaysMs.map((delayMs) => markOf({ id: "", kind: "delay", pairs: [], delayMs })));
    for (const mark of this.#relays.keys()) if (!used.has(mark)) this.#end(mark);
  }

  async support(): Promise<FaultSupportView> {
    const why = await this.#missing();
    if (why !== undefined) return { fault: "delay", support: "unavailable", why };
    return { fault: "delay", support: "real", why: "packets take their way through a TUN device that holds them back" };
  }

  close(): void {
    this.keep([]);
  }

  async #missing(): Promise<string | undefined> {
    try {
      accessSync(tunFile, constants.R_OK | constants.W_OK);
    } catch (error) {
      return `${tunFile} cannot be opened (${messageOf(error)})`;
    }
    try {
      await this.#shell.run("perl", ["-e", "1"], "");
      return undefined;
    } catch {
      return "perl, which opens the device, is not installed";
    }
  }

  #end(mark: number): void {
    const relay = this.#relays.get(mark);
    this.#relays.delete(mark);
    relay?.kill("SIGKILL");
    this.#shell.run("ip", ["rule", "del", "fwmark", String(mark), "lookup", String(mark)], "").catch(() => {});
  }
}

/** At most 15 characters. */
function deviceOf(mark: number): string {
  return `${delayDevice}${mark}`;
}
