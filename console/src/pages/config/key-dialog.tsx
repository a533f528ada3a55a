import type { ConfigExplanationView, ConfigListenerView } from "@holdfast/wire/control";
import { Button, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { configExplainResource } from "../../api/config.ts";
import { shortId } from "../../lib/format.ts";
import { quoted } from "../../lib/quoted.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { ChangeList } from "./history-panel.tsx";
import { ScopeChips } from "./scope-chips.tsx";
import { SetDialog } from "./set-dialog.tsx";

/** One key: which value counts for whom, why each other does not, and how it came to be so. */
export function KeyDialog(props: {
  readonly of: string;
  /** For which instance; empty: for somebody without any scope. */
  readonly instance: string;
  readonly listeners: readonly ConfigListenerView[];
  readonly onInstance: (id: string) => void;
  readonly onClose: () => void;
}): ReactNode {
  const { of, instance, listeners, onInstance, onClose } = props;
  const query = useQuery(configExplainResource(of, instance));
  const [isSetting, setSetting] = useState(false);
  const first = query.data?.keys[0]?.rows[0]?.property;
  if (isSetting) return <SetDialog of={of} from={first} onClose={() => setSetting(false)} />;
  return (
    <Dialog title={of} onClose={onClose}>
      <NativeSelect
        label="As this instance has it"
        value={instance}
        onChange={({ currentTarget: { value } }) => onInstance(value)}
        data={[
          { value: "", label: "without any scope" },
          ...listeners.map((one) => ({
            value: one.instance,
            label: `${one.service} ${shortId(one.instance)} (${one.zone})`,
          })),
        ]}
      />
      <Loaded query={query}>
        {({ keys }) => (
          <>
            {keys.map((one) => (
              <Explained key={one.key} of={one} />
            ))}
          </>
        )}
      </Loaded>
      <Button className="config-set" onClick={() => setSetting(true)}>
        Set another value
      </Button>
      <section className="config-part" aria-label="History">
        <h3>History</h3>
        <ChangeList of={of} />
      </section>
      <CommandLine
        command={`npx holdfast config explain ${quoted(of)}${instance === "" ? "" : ` --for ${instance}`}`}
      />
    </Dialog>
  );
}

function Explained({ of: { value, why, trial, rows } }: { readonly of: ConfigExplanationView }): ReactNode {
  const tone = value === null ? "idle" : trial === null ? "good" : "busy";
  return (
    <>
      <p className="config-answer">
        <ToneShape tone={tone} size={14} />
        <strong>
          {value === null ? "no value" : <code className="config-value">{value === "" ? "(empty)" : value}</code>}
        </strong>
        <span>{why}</span>
      </p>
      <ul className="config-rows" aria-label="All values">
        {rows.map(({ property, wins, matches, why: reason }) => (
          <li key={property.propertyId} data-wins={wins} data-matches={matches}>
            <code className="config-value">{property.value === "" ? "(empty)" : property.value}</code>
            <ScopeChips scope={property.scope} />
            <p className="muted">{reason}</p>
          </li>
        ))}
      </ul>
    </>
  );
}
