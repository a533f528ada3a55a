import { Agent, request } from "node:http";
import { Registration } from "@holdfast/discovery";
import { type Clock, codeOf, type InstanceId, type Log, messageOf, type Random } from "@holdfast/kernel";
import { groupsOverrideBy, type InstanceRecord, RegistryPaths } from "@holdfast/wire";

/** The registration of one program that does not register itself. */
export interface ForeignRegistration {
  up(): void;
  down(): void;
  /** Out of service; resolves when all callers have seen it, or after `awaitSeenMs`. Never rejects. */
  drain(awaitSeenMs: number): Promise<void>;
  /** No more heartbeats; {@link RegistryDoor.remove} then tells the registries. */
  end(): void;
}

/** What an agent does at the registries. */
export interface RegistryDoor {
  /** `outOfService`: why callers are not to choose it from its first registration on, until control says so. */
  register(record: Omit<InstanceRecord, "version">, outOfService?: string): ForeignRegistration;
  /** Takes a dead instance out, whoever registered it. Never rejects; its lease ends it when no registry answers. */
  remove(app: string, id: InstanceId, cause: string): Promise<void>;
  close(): void;
}

/** One registry must not hold up the news of a death: the next one is asked after this. */
const tryTimeoutMs = 500;
/** As long as a lease of the registry lasts, trying again makes sense. */
const removeForMs = 9_000;
const removeAgainMs = 500;
const clockMarginMs = 3_600_000;
const causeCharsMax = 300;

/** Speaks to the registries over HTTP, in the order given: own zone first. */
export class HttpRegistryDoor implements RegistryDoor {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #registries: readonly string[];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, maxFreeSockets: 1 });
  #closed = false;

  constructor(clock: Clock, random: Random, log: Log, registries: readonly string[]) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#registries = registries;
  }

  register(record: Omit<InstanceRecord, "version">, outOfService?: string): ForeignRegistration {
    const held = outOfService === undefined ? {} : { outOfService: { by: groupsOverrideBy, reason: outOfService } };
    const options = { registries: this.#registries, ...held };
    const registration = new Registration(this.#clock, this.#random.child(record.id), this.#log, options, record);
    const status = (to: InstanceRecord["status"], awaitSeenMs: number): Promise<void> =>
      registration.setStatus(to, awaitSeenMs).then(
        () => {},
        (error) => this.#log.warn("agent.registration.status-not-set", { instance: record.id, status: to, error }),
      );
    void registration.start().catch((error) => this.#log.warn("agent.registration.not-started", { error }));
    return {
      up: () => void status("UP", 0),
      down: () => void status("DOWN", 0),
      drain: (awaitSeenMs) => status("OUT_OF_SERVICE", awaitSeenMs),
      end: () => registration.abandon(),
    };
  }

  async remove(app: string, id: InstanceId, cause: string): Promise<void> {
    const endMs = this.#clock.monotonicMs() + removeForMs;
    while (this.#registries.length > 0 && !this.#closed) {
      if (await this.#removeOnce(app, id, cause)) return;
      if (this.#clock.monotonicMs() >= endMs) return;
      await this.#clock.sleep(removeAgainMs);
    }
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
  }

  /** True when a registry took the removal; it tells the others. */
  async #removeOnce(app: string, id: InstanceId, cause: string): Promise<boolean> {
    const query = new URLSearchParams({
      // Every start of this id up to now. Ids are never reused, so the margin for clocks that were set back is free.
      incarnation: String(Math.ceil(this.#clock.wallMs()) + clockMarginMs),
      cause: cause.slice(0, causeCharsMax),
    });
    for (const registry of this.#registries) {
      try {
        const status = await this.#delete(new URL(`${RegistryPaths.instance(app, id)}?${query.toString()}`, registry));
        if (status < 500) return true;
      } catch (error) {
        this.#log.debug("agent.registry.no-answer", { registry, code: codeOf(error), message: messageOf(error) });
      }
    }
    return false;
  }

  #delete(url: URL): Promise<number> {
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method: "DELETE", agent: this.#agent }, (response) => {
        response.resume();
        response.on("error", reject);
        response.on("end", () => {
          timer.cancel();
          resolve(response.statusCode ?? 0);
        });
      });
      const timer = this.#clock.after(tryTimeoutMs, () =>
        outgoing.destroy(new Error(`no answer within ${tryTimeoutMs} ms`)),
      );
      outgoing.on("error", (error) => {
        timer.cancel();
        reject(error);
      });
      outgoing.end();
    });
  }
}
