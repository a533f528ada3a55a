import type { Clock } from "@holdfast/kernel";
import type { InstanceRecord, SeenAnswer } from "@holdfast/wire";
import { nobodySaw, type RegisterAnswer, type RegistryDoor, type RenewAnswer } from "../door.ts";
import { unreachable } from "../transport.ts";
import type { EurekaServer } from "./eureka-server.ts";
import { toEureka } from "./to-eureka.ts";

/** What all doors of one instance share: its accounts are dated once, whichever server hears of them. */
export class EurekaDates {
  readonly #clock: Clock;
  #record: InstanceRecord | undefined;
  #dirtyMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `lastDirtyTimestamp` of this account: wall time, but always later than that of the account before it. */
  of(record: InstanceRecord): number {
    if (record.version !== this.#record?.version || record.incarnation !== this.#record.incarnation) {
      this.#record = record;
      this.#dirtyMs = Math.max(Math.round(this.#clock.wallMs()), this.#dirtyMs + 1);
    }
    return this.#dirtyMs;
  }
}

/** An Eureka server, as its own client sees it. Nobody there can tell who has seen a change. */
export class EurekaDoor implements RegistryDoor {
  readonly kind = "eureka";
  readonly #server: EurekaServer;
  readonly #base: string;
  readonly #dates: EurekaDates;
  readonly #heartbeatMs: number;
  #overridden = false;

  constructor(server: EurekaServer, base: string, dates: EurekaDates, heartbeatMs: number) {
    this.#server = server;
    this.#base = base;
    this.#dates = dates;
    this.#heartbeatMs = heartbeatMs;
  }

  async register(record: InstanceRecord): Promise<RegisterAnswer> {
    const instance = toEureka(record, {
      lastDirtyTimestamp: this.#dates.of(record),
      heartbeatMs: this.#heartbeatMs,
    });
    const status = await this.#server.register(instance);
    // Eureka says 204; some servers that speak it say 200.
    if (status === 204 || status === 200) return { kind: "accepted" };
    return { kind: "refused", status, detail: "an Eureka server refused it" };
  }

  async renew(record: InstanceRecord): Promise<RenewAnswer> {
    const { app, id, status } = record;
    const answer = await this.#server.heartbeat(app.toUpperCase(), id, status, this.#dates.of(record));
    if (answer === 200 || answer === 204) return "renewed";
    if (answer === 404) return "unknown";
    throw unreachable(this.#base, `answered ${answer} to a heartbeat`);
  }

  /**
   * Registers again, as Eureka's client does. A server believes no client that goes from UP to OUT_OF_SERVICE by itself
   * (its LeaseExists rule), so that is said as an override, which the way back takes away.
   */
  async setStatus(record: InstanceRecord): Promise<SeenAnswer | undefined> {
    const { id, status } = record;
    const app = record.app.toUpperCase();
    const dirtyMs = this.#dates.of(record);
    if (status !== "OUT_OF_SERVICE" && this.#overridden) {
      await this.#server.clearOverride(app, id, status, dirtyMs);
      this.#overridden = false;
    }
    const answer = await this.register(record);
    if (answer.kind !== "accepted") return undefined;
    if (status === "OUT_OF_SERVICE") {
      this.#overridden = true;
      await this.#server.override(app, id, status, dirtyMs);
    }
    return nobodySaw;
  }

  /** Eureka's overrides have no author; whoever is to end it does so there. */
  async outOfService(record: InstanceRecord): Promise<boolean> {
    await this.#server.override(record.app.toUpperCase(), record.id, "OUT_OF_SERVICE", this.#dates.of(record));
    return true;
  }

  async deregister({ app, id }: InstanceRecord): Promise<void> {
    await this.#server.cancel(app.toUpperCase(), id);
  }

  async holder(): Promise<number | undefined> {
    return undefined;
  }
}
