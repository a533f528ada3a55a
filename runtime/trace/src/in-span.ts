import { messageOf } from "@holdfast/kernel";
import { activeSpan, runInSpan } from "./active.ts";
import { type AttributeValue, type Span, SpanKind } from "./spans/span.ts";

/**
 * Runs `work` as a span of its own below the one this code runs in; calls it makes are found below it. What it throws or is
 * rejected with makes it a failed one, and comes out as it is. Outside of a trace `work` just runs.
 * `await inSpan("render", () => render(page), { pages: 3 })`
 */
export function inSpan<T>(name: string, work: () => T, attributes: Readonly<Record<string, AttributeValue>> = {}): T {
  const parent = activeSpan();
  if (parent === undefined) return work();
  const { clock } = parent.root;
  const span = parent.child(SpanKind.internal, name, clock.monotonicMs());
  for (const [key, value] of Object.entries(attributes)) span.set(key, value);
  const end = (): void => span.end(clock.monotonicMs());
  let result: T;
  try {
    result = runInSpan(span, work);
  } catch (error) {
    throw failed(span, error, end);
  }
  if (!(result instanceof Promise)) {
    end();
    return result;
  }
  result.then(end, (error: unknown) => void failed(span, error, end));
  return result;
}

function failed(span: Span, error: unknown, end: () => void): unknown {
  span.fail(messageOf(error));
  end();
  return error;
}
