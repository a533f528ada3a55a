import { Button, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { discoveryEventsResource } from "../../api/discovery.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { EventList } from "./event-list.tsx";

/** At first; and at most in one answer. A registry keeps ten thousand, for the API. */
const few = 200;
const many = 1_000;

/** What happened at one registry; each keeps its own log. `app`: only of that app. */
export function EventPanel(props: {
  readonly app?: string;
  /** To choose whose log is read; none: of one that answers. */
  readonly registries?: readonly string[];
}): ReactNode {
  const { app, registries = [] } = props;
  const [limit, setLimit] = useState(few);
  const [registry, setRegistry] = useState("");
  const events = useQuery(discoveryEventsResource({ app, registry: registry === "" ? undefined : registry, limit }));
  const told = events.data?.registry;
  const beside =
    registries.length < 2 ? (
      <span className="muted">{told === undefined ? "" : `at ${told}`}</span>
    ) : (
      <NativeSelect
        size="xs"
        aria-label="Whose log"
        value={registry}
        data={[
          { value: "", label: `any that answers${told === undefined || registry !== "" ? "" : ` (${told})`}` },
          ...registries.map((name) => ({ value: name, label: name })),
        ]}
        onChange={(event) => setRegistry(event.currentTarget.value)}
      />
    );
  return (
    <Panel title="What happened" flush beside={beside}>
      <Loaded query={events}>{({ events: all }) => <EventList events={all} />}</Loaded>
      {events.data?.events.length === few && limit === few ? (
        <p className="discovery-more">
          <span className="muted">The latest {few}.</span>
          <Button size="compact-sm" variant="default" onClick={() => setLimit(many)}>
            Show up to {many}
          </Button>
        </p>
      ) : undefined}
    </Panel>
  );
}
