import type { FaultSupportView } from "@holdfast/wire";
import type { FaultsView, FaultView, InstanceView, StatusView, ZoneView } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { faultsResource } from "../../api/faults.ts";
import { useInstances, useStatus } from "../../api/queries.ts";
import { withoutEmpty } from "../../lib/filters.ts";
import { count } from "../../lib/format.ts";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { AddFaultDialog } from "./add-fault-dialog.tsx";
import { FaultsPanel } from "./faults-panel.tsx";
import { ReachTable } from "./reach-table.tsx";
import "../../ui/standing.css";
import "./zones.css";

const route = getRouteApi("/zones");
const noInstances: readonly InstanceView[] = [];

/** Regions and zones as they are, who reaches whom, and what is made of the network between them. */
export function ZonesPage(): ReactNode {
  const { add } = route.useSearch();
  const navigate = route.useNavigate();
  const status = useStatus();
  const instances = useInstances().data ?? noInstances;
  const faults = useQuery(faultsResource);
  const open = (from: string | undefined): void =>
    void navigate({ search: (before) => withoutEmpty({ ...before, add: from }), replace: true });
  return (
    <Page
      title="Zones & Faults"
      beside={faults.data === undefined ? undefined : <Button onClick={() => open("here")}>Disturb the network</Button>}
    >
      <Loaded query={status}>
        {(view) => (
          <>
            <Verdict zones={view.zones} faults={faults.data?.faults ?? []} />
            <Regions status={view} instances={instances} onCut={open} canCut={faults.data !== undefined} />
          </>
        )}
      </Loaded>
      <Loaded query={faults}>
        {(view) => (
          <>
            <FaultsPanel faults={view.faults} />
            {status.data === undefined || status.data.zones.length < 2 ? undefined : (
              <Panel title="Who reaches whom">
                <ReachTable zones={status.data.zones} faults={view.faults} />
              </Panel>
            )}
            <Support view={view} />
            {add === undefined ? undefined : (
              <AddFaultDialog support={view.support} from={add === "here" ? "" : add} onClose={() => open(undefined)} />
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Verdict(props: { readonly zones: readonly ZoneView[]; readonly faults: readonly FaultView[] }): ReactNode {
  const { zones, faults } = props;
  const silent = zones.filter(({ agent }) => agent !== "up");
  const tone = silent.length > 0 ? "bad" : faults.length > 0 ? "warn" : "good";
  const said = [
    ...(silent.length > 0 ? [`${silent.map(({ name }) => name).join(" and ")} cannot be asked`] : []),
    ...(faults.length > 0 ? [`${count(faults.length, "fault")} in force`] : []),
  ];
  return (
    <div className="standing" data-tone={tone} role="status">
      <p>
        <ToneShape tone={tone} size={16} />
        <strong>
          {said.length === 0 ? `All ${count(zones.length, "zone")} answer, and no fault is in force` : said.join("; ")}
        </strong>
      </p>
    </div>
  );
}

function Regions(props: {
  readonly status: StatusView;
  readonly instances: readonly InstanceView[];
  readonly canCut: boolean;
  readonly onCut: (zone: string) => void;
}): ReactNode {
  const regions = Map.groupBy(props.status.zones, ({ region }) => region);
  if (regions.size === 0) return <Empty title="No zone has reported yet." />;
  return (
    <>
      {[...regions].map(([region, zones]) => (
        <Panel
          key={region}
          title={`Region ${region}`}
          beside={<span className="muted">{count(zones.length, "zone")}</span>}
        >
          <ul className="zone-cards">
            {zones.map((zone) => (
              <li key={zone.name}>
                <ZoneCard
                  zone={zone}
                  instances={props.instances.filter((one) => one.zone === zone.name && one.status !== "stopped")}
                  canCut={props.canCut}
                  onCut={() => props.onCut(zone.name)}
                />
              </li>
            ))}
          </ul>
        </Panel>
      ))}
    </>
  );
}

function ZoneCard(props: {
  readonly zone: ZoneView;
  readonly instances: readonly InstanceView[];
  readonly canCut: boolean;
  readonly onCut: () => void;
}): ReactNode {
  const { zone, instances } = props;
  const isUp = zone.agent === "up";
  const services = new Set(instances.filter(({ kind }) => kind === "app").map(({ name }) => name));
  const tone = !isUp ? "bad" : zone.up < zone.total ? "warn" : "good";
  return (
    <article className="zone-card" data-tone={tone} aria-label={`Zone ${zone.name}`}>
      <h3>
        <ToneShape tone={tone} size={13} />
        {zone.name}
      </h3>
      <p className="numeric">
        <strong>{zone.up}</strong> of {zone.total} up
      </p>
      <p className="muted">
        {isUp ? "Its agent answers." : "Its agent does not answer: what runs there goes on."}{" "}
        {count(services.size, "service")}, addresses <span className="mono">127.{zone.key}.x</span>
      </p>
      <p className="zone-card-foot">
        <Link to="/instances" search={{ zone: zone.name }}>
          Its instances
        </Link>
        {props.canCut ? (
          <Button variant="default" size="compact-sm" onClick={props.onCut} aria-label={`Disturb ${zone.name}`}>
            Disturb
          </Button>
        ) : undefined}
      </p>
    </article>
  );
}

const supportTones = { real: "good", simulated: "busy", unavailable: "idle" } as const;
const modeWords: Readonly<Record<FaultsView["mode"], string>> = {
  netns: "each instance has a network of its own",
  loopback: "zones share this machine's loopback",
  ports: "all instances share one address",
};

function Support({ view }: { readonly view: FaultsView }): ReactNode {
  return (
    <Panel title="What can be done here" beside={<span className="muted">{modeWords[view.mode]}</span>}>
      <dl className="fault-support">
        {view.support.map((one: FaultSupportView) => (
          <div key={one.fault}>
            <dt>{one.fault}</dt>
            <dd>
              <span className="fault-support-word" data-tone={supportTones[one.support]}>
                {one.support}
              </span>{" "}
              <span className="muted">{one.why}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
