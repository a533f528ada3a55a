import { Discovery, type DiscoveryOptions } from "@holdfast/discovery";
import { SeededRandom, silentLog } from "@holdfast/kernel";
import type { FakeClock } from "@holdfast/testing";

/** A listener whose time stands still until the test moves it; notes which apps changed. Gone with its scope. */
export class Listening extends Discovery {
  readonly changes: string[] = [];

  constructor(clock: FakeClock, options: DiscoveryOptions) {
    super(clock, new SeededRandom(1), silentLog, options);
    this.subscribe((apps) => this.changes.push(...apps));
    this.start();
  }

  /** Of the instances of `catalog`. */
  get ids(): string[] {
    return this.instances("catalog").map((record) => record.id);
  }

  get statuses(): string[] {
    return this.instances("catalog").map((record) => record.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
