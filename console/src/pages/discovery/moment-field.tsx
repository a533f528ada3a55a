import { Button, NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import { fieldTextOf, momentOf, momentText } from "../../lib/moment.ts";
import { TypedField } from "../../ui/typed-field.tsx";

const agos = [
  { label: "now", ms: 0 },
  { label: "30 s ago", ms: 30_000 },
  { label: "1 min ago", ms: 60_000 },
  { label: "5 min ago", ms: 300_000 },
  { label: "15 min ago", ms: 900_000 },
  { label: "1 h ago", ms: 3_600_000 },
] as const;

/** Chooses a moment to look back to, then to the second. The address bar takes a cursor as well (`?at=`). */
export function MomentField(props: {
  readonly at: string | undefined;
  readonly onChange: (at: string | undefined) => void;
}): ReactNode {
  const { at, onChange } = props;
  const data = agos.map(({ label, ms }) => ({ value: String(ms), label }));
  const exact = at === undefined ? undefined : fieldTextOf(at);
  return (
    <>
      <NativeSelect
        label="As it was"
        value={at === undefined ? "0" : "chosen"}
        data={at === undefined ? data : [{ value: "chosen", label: momentText(at, Date.now()) }, ...data]}
        onChange={(event) => {
          const ms = Number(event.currentTarget.value);
          if (!Number.isNaN(ms)) onChange(ms === 0 ? undefined : new Date(Date.now() - ms).toISOString());
        }}
      />
      {exact === undefined ? undefined : (
        <TypedField
          label="Exactly at"
          type="datetime-local"
          value={exact}
          onChange={(text) => {
            const moment = momentOf(text, Date.now());
            if (moment !== undefined) onChange(moment);
          }}
        />
      )}
    </>
  );
}

/** Says that this is the past, and leads back. `registry`: whose account it is; null while nobody gave one. */
export function PastNote(props: {
  readonly at: string;
  readonly registry: string | null;
  readonly onNow: () => void;
}): ReactNode {
  const moment = momentText(props.at, Date.now());
  return (
    <div className="discovery-past" data-tone="busy" role="status">
      <span>
        This is the past: {props.registry === null ? "" : `as ${props.registry} showed it `}at {moment}.
      </span>
      <Button size="compact-sm" variant="default" onClick={props.onNow}>
        Back to now
      </Button>
    </div>
  );
}
