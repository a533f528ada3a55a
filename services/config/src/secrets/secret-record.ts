/** A secret as it is kept: sealed, with all that may be told of it. */
export interface SecretRecord {
  readonly name: string;
  readonly envelope: SecretEnvelope;
  /** A salted hash of the value: tells "the same again" from "another one", and nothing else. */
  readonly fingerprint: string;
  readonly revision: number;
  readonly author: string;
  readonly atMs: number;
}

/**
 * The value under a key of its own (AES-256-GCM), that key under the ring's: rotation seals 32 bytes anew, not the value.
 * All but `keyId` in base64.
 */
export interface SecretEnvelope {
  /** Which key of the ring sealed `dataKey`. */
  readonly keyId: string;
  readonly dataKey: Sealed;
  readonly value: Sealed;
}

export interface Sealed {
  readonly iv: string;
  readonly text: string;
  readonly tag: string;
}
