import { type Clock, PlatformError, type Timer } from "@holdfast/kernel";
import { Collapsed, type CollapserState } from "./collapser-state.ts";
import type { Command } from "./command.ts";
import type { CollapserOptions } from "./command-definition.ts";
import { rejectSoon } from "./reject-soon.ts";
import { type RequestContext, requestContext, within } from "./request-context.ts";

interface Asked<Q, R> {
  readonly question: Q;
  readonly resolve: (answer: R) => void;
  readonly reject: (error: unknown) => void;
}

interface Batch<Q, R> {
  readonly asked: Asked<Q, R>[];
  readonly timer: Timer;
}

/** What a collapser keeps for one request, or for all. */
interface Scope<Q, R> {
  readonly batches: Map<string, Batch<Q, R>>;
  readonly cache: Map<string, Promise<R>>;
}

type Answers<R> = readonly (R | Error)[];

/** Gathers single questions for some ms and asks them all at once, through a command. */
export class Collapser<Q, R> {
  readonly #clock: Clock;
  readonly #options: CollapserOptions<Q, R>;
  readonly #state: CollapserState;
  readonly #command: Command<[readonly Q[]], Answers<R>>;
  readonly #global: Scope<Q, R> = newScope();

  constructor(
    clock: Clock,
    options: CollapserOptions<Q, R>,
    state: CollapserState,
    command: Command<[readonly Q[]], Answers<R>>,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#state = state;
    this.#command = command;
  }

  get key(): string {
    return this.#state.key;
  }

  /**
   * Asks with the next batch: at the latest after `timerDelayInMilliseconds`, sooner when the batch is full. Outside of a
   * request everybody's questions go together.
   *
   * @throws what the batch's command throws, to all of it; the `Error` that was the answer to this question.
   */
  execute(question: Q): Promise<R> {
    try {
      return this.#execute(question, requestContext());
    } catch (error) {
      // A `cacheKey` or `shard` that throws: who awaits an answer gets the error there.
      return rejectSoon(error);
    }
  }

  #execute(question: Q, context: RequestContext | undefined): Promise<R> {
    const ownScope = context !== undefined && this.#options.scope !== "GLOBAL";
    const scope = ownScope ? context.scope<Scope<Q, R>>(this, newScope) : this.#global;
    const properties = this.#state.properties;
    const cacheKey =
      context !== undefined && properties["requestCache.enabled"] ? this.#options.cacheKey?.(question) : undefined;
    if (context === undefined || cacheKey === undefined) return this.#ask(question, scope, context);
    // The cache is the request's, even when its batches are not.
    const { cache } = context.scope<Scope<Q, R>>(this, newScope);
    const known = cache.get(cacheKey);
    if (known !== undefined) {
      this.#state.counts.add(Collapsed.RESPONSE_FROM_CACHE, this.#clock.monotonicMs());
      return known;
    }
    const answer = this.#ask(question, scope, context);
    cache.set(cacheKey, answer);
    return answer;
  }

  #ask(question: Q, scope: Scope<Q, R>, context: RequestContext | undefined): Promise<R> {
    const { maxRequestsInBatch, timerDelayInMilliseconds } = this.#state.properties;
    const shard = this.#options.shard?.(question) ?? "";
    let batch = scope.batches.get(shard);
    if (batch === undefined) {
      const send = (): void =>
        within(this.#options.scope === "GLOBAL" ? undefined : context, () => this.#send(scope, shard));
      batch = { asked: [], timer: this.#clock.after(timerDelayInMilliseconds, send) };
      scope.batches.set(shard, batch);
    }
    const { asked } = batch;
    const answer = new Promise<R>((resolve, reject) => void asked.push({ question, resolve, reject }));
    if (asked.length >= maxRequestsInBatch) this.#send(scope, shard);
    return answer;
  }

  #send(scope: Scope<Q, R>, shard: string): void {
    const batch = scope.batches.get(shard);
    if (batch === undefined) return;
    scope.batches.delete(shard);
    batch.timer.cancel();
    const { asked } = batch;
    const nowMs = this.#clock.monotonicMs();
    this.#state.counts.addMany(Collapsed.ADDED_TO_BATCH, asked.length, nowMs);
    this.#state.counts.add(Collapsed.BATCH_EXECUTED, nowMs);
    this.#state.sizes.add(asked.length, nowMs);
    const questions = asked.map((one) => one.question);
    this.#command.executeBatch(this.#state.key, asked.length, questions).then(
      (answers) => this.#hand(asked, answers),
      (error: unknown) => {
        for (const one of asked) one.reject(error);
      },
    );
  }

  #hand(asked: readonly Asked<Q, R>[], answers: Answers<R>): void {
    const got = Array.isArray(answers) ? answers.length : 0;
    if (got !== asked.length) {
      const error = new PlatformError(
        "COLLAPSER_MISMATCH",
        `${this.#state.key}: ${asked.length} questions got ${got} answers`,
        { next: "let `run` answer each question, in their order" },
      );
      for (const one of asked) one.reject(error);
      return;
    }
    for (const [index, one] of asked.entries()) {
      const answer = answers[index];
      if (answer instanceof Error) one.reject(answer);
      else one.resolve(answer as R);
    }
  }
}

function newScope<Q, R>(): Scope<Q, R> {
  return { batches: new Map(), cache: new Map() };
}
