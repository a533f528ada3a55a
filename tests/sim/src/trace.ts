/** How much is kept of the latest, of each subject. */
const keptMax = 50;

/**
 * What happened, for people and for comparing runs: every line goes into a hash, the latest of each subject (an instance's
 * key, or a machine's name) are kept.
 */
export class Trace {
  readonly #lines = new Map<string, string[]>();
  readonly #nowMs: () => number;
  #hash = 0x811c9dc5;
  #count = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The same in two runs that went the same way. */
  get digest(): string {
    return `${this.#count}:${(this.#hash >>> 0).toString(16)}`;
  }

  add(subject: string, text: string): void {
    const line = `${(this.#nowMs() / 1_000).toFixed(3).padStart(9)} ${subject.padEnd(10)} ${text}`;
    this.#count += 1;
    for (let i = 0; i < line.length; i++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    const lines = this.#lines.get(subject);
    if (lines === undefined) this.#lines.set(subject, [line]);
    else {
      lines.push(line);
      if (lines.length > keptMax) lines.shift();
    }
  }

  /** The latest of these subjects together, by time. */
  latest(...subjects: readonly string[]): string[] {
    const lines = [...new Set(subjects)].flatMap((subject) => this.#lines.get(subject) ?? []);
    return lines.sort((a, b) => Number(a.slice(0, 9)) - Number(b.slice(0, 9))).slice(-2 * keptMax);
  }
}
