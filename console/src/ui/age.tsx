import type { ReactNode } from "react";
import { formatAge, formatTime } from "../lib/format.ts";
import { useNowMs } from "../lib/now.ts";

/** How long ago `at` (ISO 8601) was, kept up to date; the exact time on hover. */
export function Age({ at }: { readonly at: string }): ReactNode {
  const age = useNowMs() - Date.parse(at);
  return (
    <time className="numeric" dateTime={at} title={`${at.slice(0, 10)} ${formatTime(at)}`}>
      {formatAge(age)}
    </time>
  );
}
