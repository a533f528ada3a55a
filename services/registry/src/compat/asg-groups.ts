import type { AsgStatus } from "./status-rules.ts";

/** Names of groups come from outside: no more than so many are remembered, the longest untouched goes first. */
const groupsMax = 10_000;

/** What was said of auto scaling groups. A group nobody spoke of has no say in the status of its instances. */
export class AsgGroups {
  readonly #said = new Map<string, AsgStatus>();

  get empty(): boolean {
    return this.#said.size === 0;
  }

  set(name: string, status: AsgStatus): void {
    this.#said.delete(name);
    this.#said.set(name, status);
    const oldest = this.#said.keys().next().value;
    if (this.#said.size > groupsMax && oldest !== undefined) this.#said.delete(oldest);
  }

  of(name: string | undefined): AsgStatus | undefined {
    return name === undefined ? undefined : this.#said.get(name);
  }
}
