import { configError } from "../errors.ts";
import { openSecret, resealSecret, sealSecret } from "./envelope.ts";
import type { KeyRing } from "./key-ring.ts";
import { checkSecretName, secretsIn, withSecrets } from "./reference.ts";
import type { SecretRecord } from "./secret-record.ts";

const valueBytesMax = 64 * 1024;

/** All secrets, sealed; opened only for the process that a value is served to. */
export class SecretBook {
  readonly #keys: KeyRing;
  readonly #records = new Map<string, SecretRecord>();

  constructor(keys: KeyRing, records: Iterable<SecretRecord> = []) {
    this.#keys = keys;
    for (const record of records) this.#records.set(record.name, record);
  }

  list(): SecretRecord[] {
    return [...this.#records.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): SecretRecord | undefined {
    return this.#records.get(name);
  }

  /** The record that setting this would leave; nothing is changed. @throws PlatformError `SECRET_INVALID`. */
  sealed(name: string, value: string, told: Pick<SecretRecord, "revision" | "author" | "atMs">): SecretRecord {
    checkSecretName(name);
    if (value === "" || Buffer.byteLength(value) > valueBytesMax) {
      throw configError("SECRET_INVALID", `${name}: a secret has from 1 to ${valueBytesMax} bytes`, 400);
    }
    const { id, key } = this.#keys.current();
    return {
      name,
      envelope: sealSecret(name, value, id, key),
      fingerprint: this.#keys.fingerprint(name, value),
      ...told,
    };
  }

  put(record: SecretRecord): void {
    this.#records.set(record.name, record);
  }

  remove(name: string): void {
    this.#records.delete(name);
  }

  /** @throws PlatformError `SECRET_UNKNOWN` when a value names one that is not there. */
  checkReferences(value: string): void {
    for (const name of secretsIn(value)) {
      if (this.#records.has(name)) continue;
      throw configError(
        "SECRET_UNKNOWN",
        `secret('${name}'): there is no such secret`,
        422,
        `holdfast config secret ${name} --set`,
      );
    }
  }

  /**
   * A value as its process gets it; `undefined` when it names no secret.
   *
   * @throws when one of them cannot be opened.
   */
  resolve(value: string): string | undefined {
    if (secretsIn(value).length === 0) return undefined;
    return withSecrets(value, (name) => {
      const record = this.#records.get(name);
      if (record === undefined) throw configError("SECRET_UNKNOWN", `secret('${name}'): there is no such secret`, 422);
      return openSecret(name, record.envelope, this.#keys.key(record.envelope.keyId));
    });
  }

  /** All secrets as a new key of the ring would seal them; the ring has it then, the book takes them with {@link put}. */
  rotated(): SecretRecord[] {
    this.#keys.addKey();
    const { id, key } = this.#keys.current();
    return this.list().map((record) => {
      const old = this.#keys.key(record.envelope.keyId);
      return { ...record, envelope: resealSecret(record.name, record.envelope, old, id, key) };
    });
  }

  /** Lets go of the keys that seal nothing any more. */
  forgetKeys(): void {
    this.#keys.keepOnly(new Set(this.list().map((record) => record.envelope.keyId)));
  }
}
