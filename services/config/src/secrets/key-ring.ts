import { createHmac, randomBytes } from "node:crypto";
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { hasCode, messageOf, PlatformError } from "@holdfast/kernel";
import { configError } from "../errors.ts";
import { keyBytes } from "./envelope.ts";

interface RingFile {
  readonly format: 1;
  readonly current: string;
  /** Key id → 32 bytes in base64. */
  readonly keys: Readonly<Record<string, string>>;
  /** For fingerprints, in base64. */
  readonly salt: string;
}

/** The keys that seal secrets, in a file that its owner alone may read. Made at the first use. */
export class KeyRing {
  readonly #file: string;
  #ring: RingFile | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** The key that new secrets are sealed under. @throws PlatformError `STATE_NOT_WRITABLE`, `SECRET_KEY_LOST`. */
  current(): { readonly id: string; readonly key: Buffer } {
    const ring = this.#read() ?? this.#write(newRing());
    return { id: ring.current, key: this.key(ring.current) };
  }

  /** @throws PlatformError `SECRET_KEY_LOST` when the file has no such key. */
  key(id: string): Buffer {
    const text = this.#read()?.keys[id];
    if (text !== undefined) return Buffer.from(text, "base64");
    throw configError(
      "SECRET_KEY_LOST",
      `${this.#file}: holds no key ${id}`,
      500,
      "put the file of keys back, or set the secrets anew",
    );
  }

  /** Twelve hex digits that say whether two values are the same, to those who do not have the salt nothing else. */
  fingerprint(name: string, value: string): string {
    const { salt } = this.#read() ?? this.#write(newRing());
    const hmac = createHmac("sha256", Buffer.from(salt, "base64")).update(`${name}\0`).update(value);
    return hmac.digest("hex").slice(0, 12);
  }

  /** Adds a key and makes it the current one; the older ones stay until {@link keepOnly}. */
  addKey(): void {
    const ring = this.#read() ?? newRing();
    const fresh = newRing();
    this.#write({ ...ring, current: fresh.current, keys: { ...ring.keys, ...fresh.keys } });
  }

  /** Forgets the keys that seal nothing any more. */
  keepOnly(used: ReadonlySet<string>): void {
    const ring = this.#read();
    if (ring === undefined) return;
    const keys = Object.entries(ring.keys).filter(([id]) => id === ring.current || used.has(id));
    if (keys.length < Object.keys(ring.keys).length) this.#write({ ...ring, keys: Object.fromEntries(keys) });
  }

  #read(): RingFile | undefined {
    if (this.#ring !== undefined) return this.#ring;
    try {
      const ring = readRing(JSON.parse(readFileSync(this.#file, "utf8")));
      chmodSync(this.#file, 0o600);
      this.#ring = ring;
      return ring;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      // Never overwritten by a new one: every secret would be lost with it.
      const why = error instanceof SyntaxError ? "it is damaged" : messageOf(error);
      throw configError("SECRET_KEY_LOST", `${this.#file}: cannot be read: ${why}`, 500);
    }
  }

  #write(ring: RingFile): RingFile {
    const draft = `${this.#file}.${process.pid}`;
    try {
      // Whole or not at all: a full disk must not leave half a key.
      writeFileSync(draft, `${JSON.stringify(ring)}\n`, { mode: 0o600, flush: true });
      renameSync(draft, this.#file);
    } catch (error) {
      throw new PlatformError("STATE_NOT_WRITABLE", `${this.#file}: ${messageOf(error)}`, {
        status: 503,
        next: "free space on the disk of the state directory, or make it writable",
        cause: error,
      });
    }
    this.#ring = ring;
    return ring;
  }
}

function newRing(): RingFile {
  const current = randomBytes(4).toString("hex");
  const bytes = (): string => randomBytes(keyBytes).toString("base64");
  return { format: 1, current, keys: { [current]: bytes() }, salt: bytes() };
}

/** @throws SyntaxError for anything but a whole ring; says nothing of what it holds. */
function readRing(read: Partial<RingFile> | null): RingFile {
  const { format, current = "", keys = {}, salt } = read ?? {};
  const isWhole = Object.values(keys).every((key) => Buffer.from(String(key), "base64").length === keyBytes);
  if (format === 1 && isWhole && typeof salt === "string" && keys[current] !== undefined) {
    return { format, current, keys, salt };
  }
  throw new SyntaxError("it is no ring of keys");
}
