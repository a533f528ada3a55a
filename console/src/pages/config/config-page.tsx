import type { ConfigListenerView, ConfigStageView, ConfigView } from "@holdfast/wire/control";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { configListenersResource, configResource, configStagesResource } from "../../api/config.ts";
import { withoutEmpty } from "../../lib/filters.ts";
import { count } from "../../lib/format.ts";
import type { Tone } from "../../lib/tone.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Empty, Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { TypedField } from "../../ui/typed-field.tsx";
import { matches } from "./config-words.ts";
import { HistoryPanel } from "./history-panel.tsx";
import { KeyDialog } from "./key-dialog.tsx";
import { ListenersPanel } from "./listeners-panel.tsx";
import { PropertiesTable } from "./properties-table.tsx";
import { SetDialog } from "./set-dialog.tsx";
import { TrialsPanel } from "./trials-panel.tsx";
import "../../ui/standing.css";
import "./config.css";

const route = getRouteApi("/config");

/** Properties of running services: what counts for whom, who said so, and how to change it without breaking everything. */
export function ConfigPage(): ReactNode {
  const { q = "", key, for: instance = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const config = useQuery(configResource);
  const stages = useQuery(configStagesResource).data ?? [];
  const listeners = useQuery(configListenersResource).data ?? [];
  const [isSetting, setSetting] = useState(false);
  const change = (fields: Readonly<Record<string, string | undefined>>): void =>
    void navigate({ search: (before) => withoutEmpty({ ...before, ...fields }), replace: true });
  return (
    <Page title="Config" beside={config.data && <span className="muted">revision {config.data.revision}</span>}>
      <Loaded query={config}>{(view) => <Verdict view={view} stages={stages} listeners={listeners} />}</Loaded>
      <TrialsPanel stages={stages} />
      <search className="filters" aria-label="Filter values">
        <TypedField label="Find" placeholder="key, value, scope" value={q} onChange={(text) => change({ q: text })} />
        <Button className="filters-clear" onClick={() => setSetting(true)}>
          Set a value
        </Button>
      </search>
      {config.data === undefined ? undefined : <Values view={config.data} find={q} />}
      <HistoryPanel of="" title="What was changed" />
      <ListenersPanel listeners={listeners} revision={config.data?.revision ?? 0} />
      {key === undefined ? undefined : (
        <KeyDialog
          of={key}
          instance={instance}
          listeners={listeners}
          onInstance={(id) => change({ for: id })}
          onClose={() => change({ key: undefined, for: undefined })}
        />
      )}
      {isSetting ? <SetDialog onClose={() => setSetting(false)} /> : undefined}
    </Page>
  );
}

interface Standing {
  readonly tone: Tone;
  readonly sentence: string;
  readonly reasons: readonly string[];
}

function Verdict(props: {
  readonly view: ConfigView;
  readonly stages: readonly ConfigStageView[];
  readonly listeners: readonly ConfigListenerView[];
}): ReactNode {
  const { tone, sentence, reasons } = standingOf(props.view, props.stages, props.listeners);
  return (
    <div className="standing" data-tone={tone} role="status">
      <p>
        <ToneShape tone={tone} size={16} />
        <strong>{sentence}</strong>
      </p>
      {reasons.length === 0 ? undefined : (
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function standingOf(
  view: ConfigView,
  stages: readonly ConfigStageView[],
  listeners: readonly ConfigListenerView[],
): Standing {
  if (view.state === "read-only") {
    return { tone: "bad", sentence: "Nothing can be changed now; what is set counts on", reasons: [view.stateReason] };
  }
  const silent = listeners.filter(({ listening }) => !listening);
  const running = stages.filter(({ state }) => state === "running");
  const heard = `${count(listeners.length - silent.length, "instance")} hear of every change at once`;
  const trials = running.map(({ key, note }) => `${key} is on trial: ${note}`);
  if (silent.length > 0) {
    const sentence = `${silent.length} of ${count(listeners.length, "instance")} do not listen`;
    const who = [...new Set(silent.map(({ service }) => service))].join(", ");
    return { tone: "warn", sentence, reasons: [`${who}: they keep the values they have, or know none`, ...trials] };
  }
  if (running.length === 0) return { tone: "good", sentence: heard, reasons: [] };
  return { tone: "busy", sentence: `${count(running.length, "value")} on trial; ${heard}`, reasons: trials };
}

function Values({ view, find }: { readonly view: ConfigView; readonly find: string }): ReactNode {
  if (view.total === 0) {
    return (
      <Panel>
        <Empty title="No value is set yet">
          <p>Services run with what their code and files say. A value set here reaches them at once:</p>
          <CommandLine command={'npx holdfast config set ratings.limit 5 -s service=ratings --reason "peak"'} />
        </Empty>
      </Panel>
    );
  }
  const found = view.properties.filter((property) => matches(property, find));
  if (found.length === 0) return <Empty title={`No value matches “${find}”`} />;
  return (
    <Panel flush>
      <PropertiesTable properties={found.slice(0, 500)} />
      {found.length <= 500 ? undefined : <p className="config-more">The first 500 of {found.length}: find fewer.</p>}
    </Panel>
  );
}
