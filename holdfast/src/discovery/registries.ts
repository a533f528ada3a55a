import { type Clock, codeOf, hasCode, messageOf, PlatformError } from "@holdfast/kernel";
import { errorFromProblem } from "@holdfast/wire";
import { type RegistryAnswer, RegistryCall } from "./registry-call.ts";

export interface RegistryPlace {
  readonly name: string;
  /** `http://127.1.1.1:12000`. */
  readonly url: string;
}

export interface Answered<T> {
  readonly registry: RegistryPlace;
  readonly value: T;
}

interface AskOptions<T> {
  readonly body?: unknown;
  /** The registry to ask first. */
  readonly name?: string;
  readonly isFinal?: (value: T) => boolean;
}

/** What one of several registries says may be wrong for another: it is asked, too. */
const worthAnother: ReadonlySet<string> = new Set([
  "REGISTRY_UNREACHABLE",
  "REGISTRY_NOT_SYNCED",
  "INSTANCE_UNKNOWN",
  "OVERRIDE_UNKNOWN",
  "HISTORY_GONE",
]);

/** The registries there are, asked one after the other or all at once. The one that answered last is asked first. */
export class Registries {
  readonly places: readonly RegistryPlace[];
  readonly #call: RegistryCall;
  #first: RegistryPlace | undefined;

  constructor(clock: Clock, places: readonly RegistryPlace[]) {
    this.places = places;
    this.#call = new RegistryCall(clock);
  }

  /** Best first: the one that answered last, or `name` when it is given. */
  inOrder(name?: string): RegistryPlace[] {
    const first = this.places.find((place) => place.name === name) ?? this.#first;
    return first === undefined ? [...this.places] : [first, ...this.places.filter((place) => place !== first)];
  }

  /**
   * Asks one registry.
   *
   * @throws PlatformError what the registry says is wrong, or `REGISTRY_UNREACHABLE`.
   */
  async ask<T>(place: RegistryPlace, method: string, path: string, body?: unknown): Promise<T> {
    return valueOf(await this.#call.send(place.url, method, path, body)) as T;
  }

  /**
   * Asks one after the other until one can answer; `name` is asked first. An answer that `isFinal` refuses stands only when
   * nobody has a better one.
   *
   * @throws PlatformError what the first said that answered at all; `REGISTRY_UNREACHABLE` (503) when none did;
   * `REGISTRY_UNKNOWN` (404) for a name that none has.
   */
  async first<T>(method: string, path: string, options: AskOptions<T> = {}): Promise<Answered<T>> {
    if (options.name !== undefined) this.#check(options.name);
    const failures: Error[] = [];
    let poor: Answered<T> | undefined;
    for (const registry of this.inOrder(options.name)) {
      try {
        const value = await this.ask<T>(registry, method, path, options.body);
        if (options.isFinal?.(value) !== false) {
          this.#first = registry;
          return { registry, value };
        }
        poor ??= { registry, value };
      } catch (error) {
        if (!(error instanceof Error) || !worthAnother.has(codeOf(error))) throw error;
        failures.push(error);
      }
    }
    if (poor !== undefined) return poor;
    throw failures.find((error) => !hasCode(error, "REGISTRY_UNREACHABLE")) ?? noneAnswers(failures);
  }

  /** Prefers this one from now on. */
  prefer(place: RegistryPlace): void {
    this.#first = place;
  }

  close(): void {
    this.#call.close();
  }

  #check(name: string): void {
    if (this.places.some((place) => place.name === name)) return;
    const names = this.places.map((place) => place.name).join(", ");
    throw new PlatformError("REGISTRY_UNKNOWN", `${name}: no such registry; there are ${names}`, { status: 404 });
  }
}

/** The registry explains an instance it has never heard of with 404 and no problem: that is an answer. */
function valueOf({ status, body }: RegistryAnswer): unknown {
  const isExplanation = typeof body === "object" && body !== null && "summary" in body;
  if (status >= 400 && !isExplanation) throw errorFromProblem(body, status);
  return body;
}

function noneAnswers(failures: readonly unknown[]): PlatformError {
  const why = failures.map(messageOf).join("; ");
  return new PlatformError("REGISTRY_UNREACHABLE", `no registry answers: ${why || "there is none"}`, {
    status: 503,
    next: "callers go on with the view they have; see: holdfast status",
  });
}
