import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useLiveFeed, useLiveState } from "../api/live.ts";
import { useStatus } from "../api/queries.ts";
import { formatAge, formatTime } from "../lib/format.ts";
import { useNowMs } from "../lib/now.ts";
import { ToneShape } from "./status-mark.tsx";

/** Says that what is shown may be old, since when, and that it is being put right. Nothing while all is well. */
export function ConnectionBanner(): ReactNode {
  const live = useLiveState();
  const feed = useLiveFeed();
  const { dataUpdatedAt } = useStatus();
  if (live.kind !== "reconnecting") return undefined;
  const seenAtMs = Math.max(dataUpdatedAt, live.heardAtMs ?? 0);
  return (
    <div className="connection-banner" data-tone="warn" role="alert">
      <ToneShape tone="warn" size={16} />
      <p>
        <strong>Reconnecting since {formatTime(live.sinceMs)}</strong>{" "}
        {seenAtMs > 0 ? (
          <span>
            This page is <SeenAge atMs={seenAtMs} /> old.
          </span>
        ) : undefined}{" "}
        Your application goes on running without control.
      </p>
      <Button size="compact-sm" variant="default" onClick={feed.retryNow}>
        Try now
      </Button>
    </div>
  );
}

function SeenAge({ atMs }: { readonly atMs: number }): ReactNode {
  return <span className="numeric">{formatAge(useNowMs() - atMs).replace("now", "0 s")}</span>;
}
