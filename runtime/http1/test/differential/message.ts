/** A request as a reader understood it: two readers that differ in any of this can be played off against each other. */
export interface Message {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
}

/** What a reader made of the bytes of one connection. */
export interface Reading {
  /** Those that came whole, in order. */
  readonly messages: readonly Message[];
  /** It said no. */
  readonly refused: boolean;
}
