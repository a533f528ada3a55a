import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useActivities, useInstances, useStatus } from "../../api/queries.ts";
import { firstSteps } from "../../lib/first-steps.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ActivityList } from "../activity/activity-list.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { Verdict } from "./verdict.tsx";
import { ZoneColumns } from "./zone-columns.tsx";
import "./home.css";

/** Is all well, where is what, and what happened last. */
export function HomePage(): ReactNode {
  const status = useStatus();
  const instances = useInstances().data ?? [];
  const activities = useActivities().data ?? [];
  return (
    <Page title="Home">
      <Loaded query={status}>
        {(view) => (
          <>
            <Verdict status={view} />
            <FirstSteps steps={firstSteps(view, instances, activities)} />
            <ZoneColumns status={view} instances={instances} />
            <Panel title="Latest activity" beside={<Link to="/activity">All activity</Link>} flush>
              <ActivityList activities={activities.slice(0, 6)} />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}
