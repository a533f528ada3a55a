import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGzip, gzip, gzipSync } from "node:zlib";
import type { Clock } from "@holdfast/kernel";
import {
  applicationHead,
  applicationHeadAlone,
  applicationsHead,
  applicationsTail,
  applicationTail,
  applicationTailAlone,
  type EurekaFormat,
  type EurekaInstance,
  type EurekaShape,
  hashcodeOf,
  instanceText,
  instanceTextAlone,
  separator,
} from "@holdfast/wire/eureka";
import type { CachedBody } from "./cached-body.ts";
import { appKey } from "./keys.ts";
import type { RecentChanges } from "./recent-changes.ts";
import type { Held } from "./store.ts";

/** So long one may work on a document before others have their turn. */
const sliceMs = 2;
/** Text goes to bytes in pieces of about this size. */
const pieceChars = 16 * 1024;
/** Up to so many instances a document is made in one go: some hundred microseconds. */
const inOneGoMax = 24;
/** Below this compressing takes less time than handing it to another thread. */
const inlineBytesMax = 32 * 1024;

/**
 * Documents of one application, or of those who serve an address. Usually small, and made whole; one of thousands of
 * instances is made in slices and compressed in another thread.
 */
export class SmallDocuments {
  readonly #clock: Clock;
  readonly #toEureka: (held: Held) => EurekaInstance;

  constructor(clock: Clock, toEureka: (held: Held) => EurekaInstance) {
    this.#clock = clock;
    this.#toEureka = toEureka;
  }

  application(
    name: string,
    instances: readonly Held[],
    format: EurekaFormat,
    shape: EurekaShape,
  ): CachedBody | Promise<CachedBody> {
    return this.#make(this.#textsOfApplication(name, instances, format, shape), instances.length);
  }

  /** As they were when it is called, however long it takes. */
  list(instances: readonly Held[], format: EurekaFormat, shape: EurekaShape): CachedBody | Promise<CachedBody> {
    const groups = Map.groupBy(instances, (held) => held.record.app);
    const list = {
      groups,
      toEureka: this.#toEureka,
      number: 1,
      hashcode: hashcodeOf(instances.map((held) => held.status)),
    };
    return this.#make(textsOfList(list, format, shape), instances.length);
  }

  /** Few changes, which compress better and sooner together than each in a piece of its own. */
  delta(recent: RecentChanges, format: EurekaFormat, shape: EurekaShape): CachedBody | Promise<CachedBody> {
    const instances = recent.instances();
    const groups = Map.groupBy(instances, (instance) => appKey(instance.app));
    const list = {
      groups,
      toEureka: (instance: EurekaInstance) => instance,
      number: recent.number(),
      hashcode: recent.hashcode(),
    };
    return this.#make(textsOfList(list, format, shape), instances.length);
  }

  *#textsOfApplication(
    name: string,
    instances: readonly Held[],
    format: EurekaFormat,
    shape: EurekaShape,
  ): Generator<string> {
    yield applicationHeadAlone(name, format, shape);
    let before = "";
    for (const held of instances) {
      yield before + instanceTextAlone(this.#toEureka(held), format, shape);
      before = separator(format);
    }
    yield applicationTailAlone(format);
  }

  #make(texts: Iterable<string>, count: number): CachedBody | Promise<CachedBody> {
    if (count > inOneGoMax) return this.#makeInSlices(texts);
    const plain = Buffer.from([...texts].join(""), "utf8");
    const etag = createHash("sha256").update(plain).digest("base64url");
    if (plain.length <= inlineBytesMax) return bodyOf([plain], gzipSync(plain), etag);
    return new Promise((resolve, reject) => {
      gzip(plain, (error, packed) => (error === null ? resolve(bodyOf([plain], packed, etag)) : reject(error)));
    });
  }

  async #makeInSlices(texts: Iterable<string>): Promise<CachedBody> {
    const pieces: Buffer[] = [];
    const hash = createHash("sha256");
    const close = (text: string): void => {
      const piece = Buffer.from(text, "utf8");
      hash.update(piece);
      pieces.push(piece);
    };
    let open = "";
    let sinceMs = this.#clock.monotonicMs();
    for (const text of texts) {
      open += text;
      if (open.length < pieceChars) continue;
      close(open);
      open = "";
      if (this.#clock.monotonicMs() - sinceMs < sliceMs) continue;
      await this.#clock.sleep(0);
      sinceMs = this.#clock.monotonicMs();
    }
    close(open);
    return bodyOf(pieces, await gzipOf(pieces), hash.digest("base64url"));
  }
}

interface InstanceList<T> {
  /** By app. */
  readonly groups: ReadonlyMap<string, readonly T[]>;
  readonly toEureka: (one: T) => EurekaInstance;
  /** `versions__delta`. */
  readonly number: number;
  readonly hashcode: string;
}

function* textsOfList<T>(list: InstanceList<T>, format: EurekaFormat, shape: EurekaShape): Generator<string> {
  const { groups, toEureka, number, hashcode } = list;
  yield applicationsHead(`${number}`, hashcode, format, shape, groups.size === 0);
  let beforeApp = "";
  for (const [app, group] of groups) {
    yield beforeApp + applicationHead(app.toUpperCase(), format, shape);
    beforeApp = separator(format);
    let before = "";
    for (const one of group) {
      yield before + instanceText(toEureka(one), format, shape);
      before = separator(format);
    }
    yield applicationTail(format, shape);
  }
  yield applicationsTail(`${number}`, hashcode, format, shape, groups.size === 0);
}

function bodyOf(plain: readonly Buffer[], packed: Buffer, hash: string): CachedBody {
  const plainBytes = plain.reduce((sum, piece) => sum + piece.length, 0);
  return { etag: `"${hash.slice(0, 22)}"`, plain, gzip: [packed], plainBytes, gzipBytes: packed.length };
}

/** All pieces as one gzip member, compressed in another thread. */
export async function gzipOf(pieces: Iterable<Buffer>): Promise<Buffer> {
  const packed: Buffer[] = [];
  for await (const chunk of Readable.from(pieces).pipe(createGzip())) packed.push(chunk as Buffer);
  return Buffer.concat(packed);
}
