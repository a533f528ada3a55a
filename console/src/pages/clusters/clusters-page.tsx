import type { ServerGroupView } from "@holdfast/wire/control";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { groupsResource } from "../../api/groups.ts";
import { withoutEmpty } from "../../lib/filters.ts";
import { count } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { TypedField } from "../../ui/typed-field.tsx";
import { GroupDialog } from "./group-dialog.tsx";
import { GroupRow } from "./group-row.tsx";
import { clustersOf, toneOfGroup } from "./group-words.ts";
import "../../ui/instance-chip.css";
import "../../ui/standing.css";
import "./clusters.css";

const route = getRouteApi("/clusters");
const noGroups: readonly ServerGroupView[] = [];

/** Clusters as Asgard and Spinnaker show them: the server groups of a service side by side, the newest first. */
export function ClustersPage(): ReactNode {
  const { q = "", group } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(groupsResource);
  const groups = query.data ?? noGroups;
  const clusters = useMemo(() => clustersOf(groups, q), [groups, q]);
  const open = groups.find(({ name }) => name === group);
  const change = (fields: Readonly<Record<string, string | undefined>>): void =>
    void navigate({ search: (before) => withoutEmpty({ ...before, ...fields }), replace: true });
  return (
    <Page title="Clusters" beside={query.data && <span className="muted">{count(groups.length, "server group")}</span>}>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Panel>
              <Empty title="No server group is there yet">
                <p>Each service of an application becomes one:</p>
                <CommandLine command="npx holdfast up" />
              </Empty>
            </Panel>
          ) : (
            <>
              <Verdict groups={all} />
              <search className="filters" aria-label="Filter server groups">
                <TypedField
                  label="Find"
                  placeholder="service, group or instance"
                  value={q}
                  onChange={(text) => change({ q: text })}
                />
              </search>
              {clusters.length === 0 ? <Empty title={`No server group matches “${q}”`} /> : undefined}
              {clusters.map((cluster) => (
                <Panel
                  key={cluster.name}
                  title={cluster.name}
                  beside={
                    <Link to="/services/$name" params={{ name: cluster.service }}>
                      {cluster.service}
                    </Link>
                  }
                >
                  <div className="groups">
                    {cluster.groups.map((one) => (
                      <GroupRow key={one.name} group={one} />
                    ))}
                  </div>
                </Panel>
              ))}
              {open === undefined ? undefined : (
                <GroupDialog group={open} onClose={() => change({ group: undefined })} />
              )}
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function Verdict({ groups }: { readonly groups: readonly ServerGroupView[] }): ReactNode {
  const tones = groups.map((group) => ({ group, tone: toneOfGroup(group) }));
  const bad = tones.filter(({ tone }) => tone === "bad");
  const warn = tones.filter(({ tone }) => tone === "warn");
  const tone = bad.length > 0 ? "bad" : warn.length > 0 ? "warn" : "good";
  const weak = [...bad, ...warn];
  return (
    <div className="standing" data-tone={tone} role="status">
      <p>
        <ToneShape tone={tone} size={16} />
        <strong>
          {weak.length === 0
            ? "All server groups are at strength"
            : `${count(weak.length, "server group")} not at strength`}
        </strong>
      </p>
      {weak.length === 0 ? undefined : (
        <ul>
          {weak.slice(0, 5).map(({ group: { name, up, desired, reason, paused } }) => (
            <li key={name}>
              {name}: {[reason || `${up} of ${desired} up`, ...(paused === "" ? [] : [`paused: ${paused}`])].join("; ")}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
