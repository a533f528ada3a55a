import type { MetricPoint, ServiceView } from "@holdfast/wire/control";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useActivities, useInstances, useStatus } from "../../api/queries.ts";
import { metricsResource } from "../../api/resources.ts";
import { logsCommand } from "../../lib/commands.ts";
import { count, formatMs, formatPercent, formatRate, formatTime } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { FactPair } from "../../ui/fact-pair.tsx";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { ActivityList } from "../activity/activity-list.tsx";
import { InstanceTable } from "../instances/instance-table.tsx";
import { type ServiceAction, ServiceActionDialog, ServiceButtons } from "./services-page.tsx";
import "./services.css";

const route = getRouteApi("/services/$name");

/** One service: its figures, its instances, what happened to it. */
export function ServicePage(): ReactNode {
  const { name } = route.useParams();
  const status = useStatus();
  const [action, setAction] = useState<ServiceAction>();
  const service = status.data?.services.find((one) => one.name === name);
  const beside = service && (
    <>
      <StatusMark state={service.state} />
      <ServiceButtons service={service} onAction={setAction} />
    </>
  );
  return (
    <Page title={name} beside={beside}>
      <Loaded query={status}>
        {(view) =>
          service === undefined ? (
            <Panel>
              <Empty title={`${name} is no service of this stack.`}>
                <Link to="/services">All services</Link>
              </Empty>
            </Panel>
          ) : (
            <>
              <ServiceBody service={service} />
              <ServiceActionDialog status={view} action={action} onClose={() => setAction(undefined)} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function ServiceBody({ service }: { readonly service: ServiceView }): ReactNode {
  const instances = useInstances();
  const activities = useActivities();
  const metrics = useQuery(metricsResource(service.name));
  return (
    <>
      <div className="service-grid">
        <Panel title="Facts">
          <Facts service={service} />
        </Panel>
        <Panel title="Requests a minute, last hour">
          <Loaded query={metrics}>{(points) => <RequestBars points={points.slice(-60)} />}</Loaded>
        </Panel>
      </div>
      <Panel title="Instances" flush>
        <Loaded query={instances}>
          {(all) => <InstanceTable instances={all.filter((one) => one.name === service.name)} />}
        </Loaded>
      </Panel>
      <Panel title="Latest activity" flush>
        <Loaded query={activities}>
          {(all) => <ActivityList activities={all.filter((one) => one.service === service.name).slice(0, 10)} />}
        </Loaded>
      </Panel>
      <Panel title="Logs">
        <CommandLine command={logsCommand(service.name)} />
      </Panel>
    </>
  );
}

function Facts({ service }: { readonly service: ServiceView }): ReactNode {
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["Strength", `${service.up} up, ${service.desired} desired (${service.min} to ${service.max})`],
    ["Last minute", `${formatRate(service.requestsPerSecond)} req/s, ${formatPercent(service.errorPercent)} errors`],
    ["p99", formatMs(service.p99Ms)],
    ["Server group", <span className="mono">{service.serverGroup}</span>],
    ["Runs", <span className="mono">{service.run}</span>],
  ];
  return (
    <>
      {service.reason === "" ? undefined : <p className="service-reason">{service.reason}</p>}
      <dl className="facts">
        {facts.map(([label, value]) => (
          <FactPair key={label} label={label} value={value} />
        ))}
      </dl>
    </>
  );
}

/** One bar a minute; the hatched foot of a bar is what failed. */
function RequestBars({ points }: { readonly points: readonly MetricPoint[] }): ReactNode {
  const top = Math.max(1, ...points.map((point) => point.requests));
  const first = points[0];
  if (first === undefined) return <Empty title="No request measured yet." />;
  const requests = points.reduce((sum, point) => sum + point.requests, 0);
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  return (
    <figure className="service-chart">
      <div
        className="service-bars"
        role="img"
        aria-label={`${count(requests, "request")} in ${count(points.length, "minute")}, ${errors} failed`}
      >
        {points.map((point) => (
          <span
            key={point.at}
            className="service-bar"
            style={{ height: `${(100 * point.requests) / top}%` }}
            title={`${formatTime(point.at).slice(0, 5)}: ${point.requests} requests, ${point.errors} failed, p99 ${formatMs(point.p99Ms)}`}
          >
            <i style={{ height: `${(100 * point.errors) / Math.max(1, point.requests)}%` }} />
          </span>
        ))}
      </div>
      <figcaption>
        <span>{formatTime(first.at).slice(0, 5)}</span>
        <span>most in a minute: {top}</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}
