import type { DiscoveryView } from "@holdfast/wire/control";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { discoveryResource } from "../../api/discovery.ts";
import { withoutEmpty } from "../../lib/filters.ts";
import { count } from "../../lib/format.ts";
import { Age } from "../../ui/age.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { StatusMark, ToneShape } from "../../ui/status-mark.tsx";
import { TypedField } from "../../ui/typed-field.tsx";
import { AppsTable, words } from "./apps-table.tsx";
import { EventPanel } from "./event-panel.tsx";
import { MomentField, PastNote } from "./moment-field.tsx";
import { RegistriesTable } from "./registries-table.tsx";
import { SelfPreservation } from "./self-preservation.tsx";
import { WhyDialog } from "./why-dialog.tsx";
import "../../ui/standing.css";
import "./discovery.css";

const route = getRouteApi("/discovery");

/** What callers see: all apps by zone, whether the registries agree, and what happened lately. */
export function DiscoveryPage(): ReactNode {
  const { at, q, why } = route.useSearch();
  const navigate = route.useNavigate();
  const now = useQuery(discoveryResource(undefined));
  const past = useQuery({ ...discoveryResource(at), enabled: at !== undefined });
  const shown = at === undefined ? now : past;
  const change = (fields: Readonly<Record<string, string | undefined>>): void =>
    void navigate({ search: (before) => withoutEmpty({ ...before, ...fields }), replace: true });
  return (
    <Page title="Discovery" beside={now.data && <span className="muted">{count(now.data.instances, "instance")}</span>}>
      <Loaded query={now}>{(view) => <Standing view={view} />}</Loaded>
      <search className="filters" aria-label="Filter apps">
        <TypedField
          label="Find"
          placeholder="app or version"
          value={q ?? ""}
          onChange={(text) => change({ q: text })}
        />
        <MomentField at={at} onChange={(moment) => change({ at: moment })} />
      </search>
      {at === undefined ? undefined : (
        <PastNote at={at} registry={past.data?.registry ?? null} onNow={() => change({ at: undefined })} />
      )}
      {now.data === undefined && at === undefined ? undefined : (
        <Panel title="Apps" flush>
          <Loaded query={shown}>{(view) => <AppsTable view={view} find={q ?? ""} />}</Loaded>
        </Panel>
      )}
      <EventPanel registries={now.data?.registries.map(({ name }) => name) ?? []} />
      <WhyDialog name={why} onClose={() => change({ why: undefined })} />
    </Page>
  );
}

/** How it stands now, whatever moment is shown below. */
function Standing({ view }: { readonly view: DiscoveryView }): ReactNode {
  return (
    <>
      <Verdict view={view} />
      <Panel title="Registries" flush>
        <RegistriesTable registries={view.registries} />
        <SelfPreservation registries={view.registries} />
      </Panel>
      {view.overrides.length === 0 ? undefined : <Overrides overrides={view.overrides} />}
    </>
  );
}

function Verdict({ view }: { readonly view: DiscoveryView }): ReactNode {
  const tone = view.verdict === "healthy" ? "good" : view.verdict === "down" ? "bad" : "warn";
  const lines = [...view.reasons, ...view.agreement.differences];
  return (
    <div className="standing" data-tone={tone} role="status">
      <p>
        <ToneShape tone={tone} size={16} />
        <strong>{view.sentence}</strong>
      </p>
      {lines.length === 0 ? undefined : (
        <ul>
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Overrides({ overrides }: { readonly overrides: DiscoveryView["overrides"] }): ReactNode {
  return (
    <Panel title="Overrides in force" flush>
      <table className="table discovery-overrides" aria-label="Overrides in force">
        <thead>
          <tr>
            <th scope="col">Instance</th>
            <th scope="col">Callers see</th>
            <th scope="col">Why</th>
            <th scope="col" className="wide-only">
              By
            </th>
            <th scope="col" className="end">
              Since
            </th>
          </tr>
        </thead>
        <tbody>
          {overrides.map(({ app, id, status, reason, by, at }) => (
            <tr key={`${app}/${id}`}>
              <td data-cell="id">
                <Link className="mono discovery-id" to="." search={(search) => ({ ...search, why: `${app}/${id}` })}>
                  {app}/{id}
                </Link>
              </td>
              <td data-cell="status">
                <StatusMark state={status} label={words(status)} />
              </td>
              <td data-cell="why" className="discovery-wrap">
                {reason}
              </td>
              <td className="wide-only muted">{by}</td>
              <td data-cell="since" className="end">
                <Age at={at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
