import { Button, NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import { formatDay, formatTime } from "../../lib/format.ts";

const agos = [
  { label: "now", ms: 0 },
  { label: "30 s ago", ms: 30_000 },
  { label: "1 min ago", ms: 60_000 },
  { label: "5 min ago", ms: 300_000 },
  { label: "15 min ago", ms: 900_000 },
  { label: "1 h ago", ms: 3_600_000 },
] as const;

/** Chooses a moment to look back to. The address bar takes any time or cursor (`?at=`). */
export function MomentField(props: {
  readonly at: string | undefined;
  readonly onChange: (at: string | undefined) => void;
}): ReactNode {
  const { at, onChange } = props;
  const data = agos.map(({ label, ms }) => ({ value: String(ms), label }));
  const chosen = at === undefined ? "0" : "chosen";
  return (
    <NativeSelect
      label="As it was"
      value={chosen}
      data={at === undefined ? data : [{ value: "chosen", label: momentText(at) }, ...data]}
      onChange={(event) => {
        const ms = Number(event.currentTarget.value);
        if (!Number.isNaN(ms)) onChange(ms === 0 ? undefined : new Date(Date.now() - ms).toISOString());
      }}
    />
  );
}

/** Says that this is the past, and leads back. */
export function PastNote(props: {
  readonly at: string;
  readonly registry: string | null;
  readonly onNow: () => void;
}): ReactNode {
  return (
    <div className="discovery-past" data-tone="busy" role="status">
      <span>
        This is the past: as {props.registry ?? "nobody"} showed it at {momentText(props.at)}.
      </span>
      <Button size="compact-sm" variant="default" onClick={props.onNow}>
        Back to now
      </Button>
    </div>
  );
}

/** A time of today as a time, of another day with the day; a cursor as it is. */
export function momentText(at: string): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms) || /^[^:\s]+:\d+:\d+$/.test(at)) return at;
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return isToday ? formatTime(ms) : `${formatDay(at)}, ${formatTime(ms)}`;
}
