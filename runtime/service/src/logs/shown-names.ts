import { cleanText } from "./clean-text.ts";
import { isSecretName } from "./secret-names.ts";
import type { SecretValues } from "./secret-values.ts";

/** How a line shows a field: under which name, and whether its value is masked because of it. */
export interface ShownName {
  readonly text: string;
  readonly isSecret: boolean;
}

/** Names of fields are constants of a program. Should somebody make them up, no more of them are remembered. */
const namesMax = 1_000;
const charactersMax = 64;

/** Remembers what was found out about names of fields: looking at one costs more than writing it. */
export class ShownNames {
  readonly #secrets: SecretValues;
  readonly #known = new Map<string, ShownName>();

  constructor(secrets: SecretValues) {
    this.#secrets = secrets;
  }

  of(name: string): ShownName {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = { text: cleanText(name, this.#secrets), isSecret: isSecretName(name) };
    if (this.#known.size < namesMax && name.length <= charactersMax) this.#known.set(name, found);
    return found;
  }
}
