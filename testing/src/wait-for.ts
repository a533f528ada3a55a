import { messageOf } from "@holdfast/kernel";

export interface WaitForOptions {
  /** Give up after this long. Default 10 000 ms. */
  readonly timeoutMs?: number;
  /** Look again after this long. Default 25 ms. */
  readonly everyMs?: number;
}

/**
 * Looks until `condition` gives something truthy and returns it; for tests against real processes.
 *
 * @throws an error that names `what` and the last answer or failure, when the time is over.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: WaitForOptions = {},
): Promise<Exclude<NonNullable<T>, false>> {
  const endMs = performance.now() + (options.timeoutMs ?? 10_000);
  let last = "nothing";
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value as Exclude<NonNullable<T>, false>;
      last = String(value);
    } catch (error) {
      last = messageOf(error);
    }
    if (performance.now() > endMs) throw new Error(`waited for ${what}, last saw: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 25));
  }
}
