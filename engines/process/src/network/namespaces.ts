import { PlatformError } from "@holdfast/kernel";
import type { NetworkPlace } from "@holdfast/wire";
import { enterAddress } from "./enter.ts";
import { namespaceOf } from "./places.ts";
import { namespacesScript, removeScript } from "./scripts.ts";
import type { Shell } from "./shell.ts";

const namespacesMax = 2_000;

/** Makes the namespaces that instances live in, one for each address. An agent does so for the addresses of its zone. */
export class Namespaces {
  readonly #shell: Shell;
  readonly #place: NetworkPlace;
  readonly #made = new Set<string>();
  /** Commands run one after the other: each begins with what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  /** `shell` runs its commands in the house (see `shellIn`). */
  constructor(shell: Shell, place: NetworkPlace) {
    this.#shell = shell;
    this.#place = place;
  }

  /**
   * Makes sure that an address has its namespace. Those of adopted instances, too: what is there stays.
   *
   * @returns what a command line begins with to run there.
   * @throws PlatformError `NETWORK_COMMAND_FAILED`, `NAMESPACES_EXHAUSTED`.
   */
  async enter(address: string): Promise<readonly string[]> {
    await this.ensure([address]);
    return enterAddress(this.#place, address);
  }

  /** @throws PlatformError `NETWORK_COMMAND_FAILED`, `NAMESPACES_EXHAUSTED`. */
  ensure(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) namespaceOf(address);
    const turn = this.#last.then(() => this.#make(addresses));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Takes namespaces away; what still runs in one is alone there from now on. */
  remove(addresses: readonly string[]): Promise<void> {
    const turn = this.#last.then(async () => {
      for (const address of addresses) this.#made.delete(address);
      if (addresses.length > 0) await this.#shell.run("sh", ["-s"], removeScript(this.#place.directory, addresses));
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #make(addresses: readonly string[]): Promise<void> {
    if (addresses.every((address) => this.#made.has(address))) return;
    const there = await namesIn(this.#shell, this.#place.directory);
    const missing = [...new Set(addresses)].filter((address) => !there.has(namespaceOf(address)));
    if (there.size + missing.length > namespacesMax) {
      throw new PlatformError("NAMESPACES_EXHAUSTED", `more than ${namespacesMax} namespaces are not made`, {
        status: 507,
        next: "scale something down",
      });
    }
    if (missing.length > 0) await this.#shell.run("sh", ["-s"], namespacesScript(this.#place.directory, missing));
    for (const address of addresses) this.#made.add(address);
  }
}

/** Names of the namespaces that are there now, such as `1.2.10`. */
export async function namesIn(shell: Shell, directory: string): Promise<Set<string>> {
  const output = await shell.run("ls", ["-1", directory], "");
  return new Set(output.split("\n").filter((name) => name !== ""));
}
