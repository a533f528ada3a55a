import type { DiscoveryApp, DiscoveryView } from "@holdfast/wire/control";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { count } from "../../lib/format.ts";
import { Empty } from "../../ui/loaded.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";

/** More zones than this share one column. */
const columnsMax = 4;

/** Apps by zone, as callers see them. */
export function AppsTable(props: { readonly view: DiscoveryView; readonly find: string }): ReactNode {
  const { view, find } = props;
  const needle = find.toLowerCase();
  const apps = view.apps.filter(
    (app) => app.app.includes(needle) || app.serverGroups.some((group) => group.toLowerCase().includes(needle)),
  );
  if (apps.length === 0) return <NoApps find={find} />;
  return (
    <table className="table" aria-label="Apps">
      <thead>
        <tr>
          <th scope="col">App</th>
          <th scope="col">Up</th>
          {view.zones.length > columnsMax ? (
            <th scope="col" className="roomy-only">
              Zones
            </th>
          ) : (
            view.zones.map((zone) => (
              <th key={zone} scope="col" className="roomy-only">
                {zoneName(zone)}
              </th>
            ))
          )}
          <th scope="col" className="ample-only">
            Version
          </th>
          <th scope="col">Notes</th>
        </tr>
      </thead>
      <tbody>
        {apps.map((app) => (
          <Row key={app.app} app={app} zones={view.zones} at={view.at} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: {
  readonly app: DiscoveryApp;
  readonly zones: readonly string[];
  readonly at: string | null;
}): ReactNode {
  const { app, zones, at } = props;
  const search = at === null ? {} : { at };
  return (
    <tr>
      <td>
        <Link className="discovery-app" to="/discovery/$app" params={{ app: app.app }} search={search}>
          {app.app}
        </Link>
      </td>
      <td className="numeric">
        {app.up} of {app.instances}
      </td>
      {zones.length > columnsMax ? (
        <td className="roomy-only">
          <ZoneList app={app} />
        </td>
      ) : (
        zones.map((zone) => (
          <td key={zone} className="roomy-only">
            <ZoneCell counts={app.zones[zone] ?? {}} />
          </td>
        ))
      )}
      <td className="ample-only mono muted discovery-wrap">{app.serverGroups.join(", ")}</td>
      <td className="discovery-wrap">
        <Notes app={app} />
      </td>
    </tr>
  );
}

/** Only the zones where the app is, one beside the other. */
function ZoneList({ app }: { readonly app: DiscoveryApp }): ReactNode {
  return (
    <span className="discovery-zones">
      {Object.entries(app.zones).map(([zone, counts]) => (
        <span key={zone} className="discovery-zone">
          <span className="muted">{zoneName(zone)}</span>
          <ZoneCell counts={counts} />
        </span>
      ))}
    </span>
  );
}

function zoneName(zone: string): string {
  return zone === "" || zone === "-" ? "no zone" : zone;
}

function ZoneCell({ counts }: { readonly counts: DiscoveryApp["zones"][string] }): ReactNode {
  const entries = Object.entries(counts) as [keyof typeof counts, number][];
  // Those that can be called come first, as a number alone; the others have a word.
  entries.sort(([a], [b]) => Number(b === "UP") - Number(a === "UP"));
  if (entries.length === 0) return <span className="muted">–</span>;
  return (
    <span className="discovery-zone">
      {entries.map(([status, n]) =>
        status === "UP" ? (
          <span key={status}>{n}</span>
        ) : (
          <StatusMark key={status} state={status} label={`${n} ${words(status)}`} />
        ),
      )}
    </span>
  );
}

export function words(status: string): string {
  return status.toLowerCase().replaceAll("_", " ");
}

function Notes({ app }: { readonly app: DiscoveryApp }): ReactNode {
  const notes = [
    app.overridden > 0 ? `${count(app.overridden, "override")}` : "",
    app.held > 0 ? `${app.held} kept although the lease is over` : "",
  ].filter(Boolean);
  return notes.length === 0 ? <span className="muted">–</span> : notes.join("; ");
}

/** Nobody is registered, or nobody matches. */
function NoApps({ find }: { readonly find: string }): ReactNode {
  if (find !== "") return <Empty title="No app matches." />;
  return (
    <Empty title="Nobody is registered.">
      <p>Instances appear as soon as they register; their own health says when callers may use them.</p>
    </Empty>
  );
}
