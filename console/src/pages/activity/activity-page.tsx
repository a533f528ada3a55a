import type { ActivityView } from "@holdfast/wire/control";
import { Button, NativeSelect } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { activitiesMax } from "../../api/merge.ts";
import { useActivities } from "../../api/queries.ts";
import { type ActivityFilter, filterActivities, isFiltering, optionsOf, withoutEmpty } from "../../lib/filters.ts";
import { formatDay } from "../../lib/format.ts";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ActivityList } from "./activity-list.tsx";

const route = getRouteApi("/activity");

/** What was done to the stack, by whom and why. */
export function ActivityPage(): ReactNode {
  const activities = useActivities();
  const filter = route.useSearch();
  return (
    <Page title="Activity">
      <Filters activities={activities.data ?? []} filter={filter} />
      <Panel flush>
        <Loaded query={activities}>
          {(all) => {
            const shown = filterActivities(all, filter);
            if (shown.length === 0 && all.length > 0) return <Empty title="No activity matches this filter." />;
            return <Days activities={shown} />;
          }}
        </Loaded>
      </Panel>
      {(activities.data?.length ?? 0) < activitiesMax ? undefined : (
        <p className="muted">The latest {activitiesMax} are shown; GET /v1/activities has the rest.</p>
      )}
    </Page>
  );
}

function Days({ activities }: { readonly activities: readonly ActivityView[] }): ReactNode {
  const days = [...Map.groupBy(activities, (activity) => formatDay(activity.at))];
  if (days.length === 0) return <ActivityList activities={[]} />;
  return days.map(([day, ofDay]) => (
    <section key={day} aria-label={day}>
      <h2 className="activity-day">{day}</h2>
      <ActivityList activities={ofDay} />
    </section>
  ));
}

function Filters(props: { readonly activities: readonly ActivityView[]; readonly filter: ActivityFilter }): ReactNode {
  const { activities, filter } = props;
  const navigate = route.useNavigate();
  const select = (field: keyof ActivityFilter, label: string) => (
    <NativeSelect
      label={label}
      value={filter[field] ?? ""}
      data={optionsOf(
        activities.map((activity) => activity[field]),
        filter[field],
      )}
      onChange={(event) => {
        const value = event.currentTarget.value;
        void navigate({ search: (before) => withoutEmpty({ ...before, [field]: value }), replace: true });
      }}
    />
  );
  return (
    <search className="filters" aria-label="Filter activity">
      {select("service", "Service")}
      {select("kind", "Kind")}
      {select("outcome", "Outcome")}
      {isFiltering(filter) ? (
        <Button className="filters-clear" variant="subtle" onClick={() => void navigate({ search: {} })}>
          Clear
        </Button>
      ) : undefined}
    </search>
  );
}
