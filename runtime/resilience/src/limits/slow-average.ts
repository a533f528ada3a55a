/** The plain mean of the first values, an exponential moving average from then on (Netflix's `ExpAvgMeasurement`). */
export class SlowAverage {
  readonly #share: number;
  readonly #warmUp: number;
  #count = 0;
  #sum = 0;
  #value = 0;

  /** @param window a value counts 2 / (window + 1) */
  constructor(window: number, warmUp: number) {
    this.#share = 2 / (window + 1);
    this.#warmUp = warmUp;
  }

  get value(): number {
    return this.#value;
  }

  add(sample: number): number {
    if (this.#count < this.#warmUp) {
      this.#count += 1;
      this.#sum += sample;
      this.#value = this.#sum / this.#count;
    } else {
      this.#value = this.#value * (1 - this.#share) + sample * this.#share;
    }
    return this.#value;
  }

  scale(by: number): void {
    this.#value *= by;
  }
}
