import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Sealed, SecretEnvelope } from "./secret-record.ts";

const algorithm = "aes-256-gcm";
export const keyBytes = 32;
// NIST SP 800-38D §8.2: 96 bits; a data key seals one value once, a ring key far fewer than 2^32 data keys.
const ivBytes = 12;

/** Seals a value under a new data key, and that under `key`. The secret's name is bound in: envelopes cannot be swapped. */
export function sealSecret(name: string, value: string, keyId: string, key: Buffer): SecretEnvelope {
  const dataKey = randomBytes(keyBytes);
  try {
    return {
      keyId,
      dataKey: seal(dataKey, key, `${keyId} ${name}`),
      value: seal(Buffer.from(value, "utf8"), dataKey, name),
    };
  } finally {
    dataKey.fill(0);
  }
}

/** @throws what node:crypto says when the key is another one, or a bit was changed. */
export function openSecret(name: string, envelope: SecretEnvelope, key: Buffer): string {
  const dataKey = open(envelope.dataKey, key, `${envelope.keyId} ${name}`);
  try {
    return open(envelope.value, dataKey, name).toString("utf8");
  } finally {
    dataKey.fill(0);
  }
}

/** The same value under another key of the ring; the value itself stays sealed. */
export function resealSecret(
  name: string,
  envelope: SecretEnvelope,
  oldKey: Buffer,
  keyId: string,
  key: Buffer,
): SecretEnvelope {
  const dataKey = open(envelope.dataKey, oldKey, `${envelope.keyId} ${name}`);
  try {
    return { keyId, dataKey: seal(dataKey, key, `${keyId} ${name}`), value: envelope.value };
  } finally {
    dataKey.fill(0);
  }
}

function seal(plain: Buffer, key: Buffer, bound: string): Sealed {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv).setAAD(Buffer.from(bound));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { iv: iv.toString("base64"), text: text.toString("base64"), tag: cipher.getAuthTag().toString("base64") };
}

function open(sealed: Sealed, key: Buffer, bound: string): Buffer {
  const decipher = createDecipheriv(algorithm, key, Buffer.from(sealed.iv, "base64"), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(bound)).setAuthTag(Buffer.from(sealed.tag, "base64"));
  return Buffer.concat([decipher.update(Buffer.from(sealed.text, "base64")), decipher.final()]);
}
