/** What every meter shows of itself, for those who read it. */
export interface Meter {
  /** Another number each time the meter is used, so that a reader sees whether it was, at no cost to the user. */
  readonly uses: number;
}
