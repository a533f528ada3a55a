import type { RegistryEvent } from "@holdfast/wire";
import { NativeSelect, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { filterEvents, optionsOf } from "../../lib/filters.ts";
import { formatTime } from "../../lib/format.ts";
import { Empty } from "../../ui/loaded.tsx";

/** What happened at a registry, newest first: when, what, to whom, by whom. */
export function EventList({ events }: { readonly events: readonly RegistryEvent[] }): ReactNode {
  const [kind, setKind] = useState("");
  const [find, setFind] = useState("");
  const shown = filterEvents(events, { kind, find }).toReversed();
  return (
    <>
      <search className="filters discovery-event-filters" aria-label="Filter events">
        <TextInput
          label="Find in events"
          placeholder="app, id, who, what"
          value={find}
          onChange={(event) => setFind(event.currentTarget.value)}
        />
        <NativeSelect
          label="Kind"
          value={kind}
          data={optionsOf(
            events.map((event) => event.kind),
            kind === "" ? undefined : kind,
          )}
          onChange={(event) => setKind(event.currentTarget.value)}
        />
      </search>
      {shown.length > 0 ? (
        <EventItems events={shown} />
      ) : (
        <Empty title={events.length === 0 ? "Nothing has happened yet." : "No event matches."} />
      )}
    </>
  );
}

/** `nameless`: whose events they are is clear from where they stand. */
export function EventItems(props: {
  readonly events: readonly RegistryEvent[];
  readonly nameless?: boolean;
}): ReactNode {
  const { events, nameless = false } = props;
  return (
    <ol className="discovery-events">
      {events.map((event) => (
        <li key={event.sequence}>
          <time className="numeric muted" dateTime={event.at}>
            {formatTime(event.at)}
          </time>
          <span className="discovery-kind">{event.kind.replaceAll("-", " ")}</span>
          <span className="discovery-event-text">
            {event.app === "" || nameless ? undefined : (
              <Link
                className="mono discovery-id"
                to="."
                search={(search) => ({ ...search, why: `${event.app}/${event.id}` })}
              >
                {event.app}/{event.id}
              </Link>
            )}{" "}
            {event.detail}
            <span className="muted">, by {event.by}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}
