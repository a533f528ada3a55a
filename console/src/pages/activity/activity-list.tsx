import type { ActivityView } from "@holdfast/wire/control";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { formatTime } from "../../lib/format.ts";
import { Empty } from "../../ui/loaded.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import "./activity.css";

/** What was done, newest first: when, what to what, why and by whom, how it ended. */
export function ActivityList({ activities }: { readonly activities: readonly ActivityView[] }): ReactNode {
  if (activities.length === 0) {
    return (
      <Empty title="Nothing has happened yet.">
        <p>Launches, replacements, kills, restarts and scalings are written here, each with its cause.</p>
      </Empty>
    );
  }
  return (
    <ol className="activity-list">
      {activities.map((activity) => (
        <Item key={activity.id} activity={activity} />
      ))}
    </ol>
  );
}

function Item({ activity }: { readonly activity: ActivityView }): ReactNode {
  const { at, kind, service, zone, instance, actor, cause, outcome, detail } = activity;
  return (
    <li className="activity" data-kind={kind}>
      <time className="numeric muted" dateTime={at}>
        {formatTime(at)}
      </time>
      <span className="activity-kind">{kind}</span>
      <div className="activity-what">
        <p>
          {service === "" ? undefined : (
            <Link to="/services/$name" params={{ name: service }} className="activity-service">
              {service}
            </Link>
          )}
          {instance === null ? undefined : (
            <Link to="." search={(search) => ({ ...search, instance })} className="mono">
              {instance}
            </Link>
          )}
          {zone === null ? undefined : <span className="muted">in {zone}</span>}
        </p>
        <p className="activity-cause">
          {cause}
          <span className="muted">
            {detail === "" ? "" : `; ${detail}`}, by {actor}
          </span>
        </p>
      </div>
      <StatusMark state={outcome} />
    </li>
  );
}
