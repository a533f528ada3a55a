import {
  applicationHead,
  applicationTail,
  type EurekaFormat,
  type EurekaInstance,
  type EurekaShape,
  instanceText,
  separator,
} from "@holdfast/wire/eureka";
import { type Packed, pack } from "./gzip-join.ts";
import type { EurekaStore, Held, StoreChange } from "./store.ts";

/** One application as it stands in a document of all. */
export interface AppPiece {
  readonly packed: Packed;
  /** Status → how many of its instances. */
  readonly counts: ReadonlyMap<string, number>;
  /** It follows another, and so begins with a separator. */
  readonly follows: boolean;
}

/** The applications in one form, each as a piece that is made when needed and thrown away when something of it changes. */
export class AppPieces {
  readonly #store: EurekaStore;
  readonly #toEureka: (held: Held) => EurekaInstance;
  readonly #format: EurekaFormat;
  readonly #shape: EurekaShape;
  readonly #pieces = new Map<string, AppPiece>();
  /** app/id → its text. */
  readonly #texts = new Map<string, string>();

  constructor(store: EurekaStore, toEureka: (held: Held) => EurekaInstance, format: EurekaFormat, shape: EurekaShape) {
    this.#store = store;
    this.#toEureka = toEureka;
    this.#format = format;
    this.#shape = shape;
  }

  /** Something of that instance has changed. */
  forget({ app, id }: Pick<StoreChange, "app" | "id">): void {
    this.#pieces.delete(app);
    this.#texts.delete(`${app}/${id}`);
  }

  has(app: string, follows: boolean): boolean {
    return this.#pieces.get(app)?.follows === follows;
  }

  get(app: string, follows: boolean): AppPiece {
    const known = this.#pieces.get(app);
    if (known?.follows === follows) return known;
    const made = this.#make(app, follows);
    this.#pieces.set(app, made);
    return made;
  }

  #make(app: string, follows: boolean): AppPiece {
    const [format, shape] = [this.#format, this.#shape];
    const counts = new Map<string, number>();
    let text = `${follows ? separator(format) : ""}${applicationHead(app.toUpperCase(), format, shape)}`;
    let isFirst = true;
    for (const held of this.#store.list(app)) {
      if (!isFirst) text += separator(format);
      isFirst = false;
      text += this.#textOf(held);
      counts.set(held.status, (counts.get(held.status) ?? 0) + 1);
    }
    text += applicationTail(format, shape);
    return { packed: pack(text), counts, follows };
  }

  #textOf(held: Held): string {
    const key = `${held.record.app}/${held.record.id}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = instanceText(this.#toEureka(held), this.#format, this.#shape);
      this.#texts.set(key, text);
    }
    return text;
  }
}
