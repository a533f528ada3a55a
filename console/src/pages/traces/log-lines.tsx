import type { TraceLogLine } from "@holdfast/wire";
import type { ReactNode } from "react";
import { formatTime, shortId } from "../../lib/format.ts";

/** Lines of several instances, as they were written. */
export function LogLines({ lines }: { readonly lines: readonly TraceLogLine[] }): ReactNode {
  return (
    <ol className="trace-logs">
      {lines.map(({ service, instance, at, text }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same line may come twice, and lines are only added.
        <li key={i}>
          <span className="muted">
            {at === "" ? "" : formatTime(at)} {service} <span className="mono">{shortId(instance)}</span>
          </span>
          <code>{text}</code>
        </li>
      ))}
    </ol>
  );
}
