/** Numbers by name, written in the order given: a plain object would write `100` before `99.5`. */
export class InOrder {
  readonly entries: readonly (readonly [string, number])[];

  constructor(entries: readonly (readonly [string, number])[]) {
    this.entries = entries;
  }

  get text(): string {
    return `{${this.entries.map(([name, value]) => `"${name}":${value}`).join(",")}}`;
  }
}

/** `message` as one line of JSON, its fields in their order. */
export function textOf(message: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(message).map(
    ([name, value]) => `${JSON.stringify(name)}:${value instanceof InOrder ? value.text : JSON.stringify(value)}`,
  );
  return `{${fields.join(",")}}`;
}
