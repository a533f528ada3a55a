import type { ConfigListenerView } from "@holdfast/wire/control";
import type { ReactNode } from "react";
import { shortId } from "../../lib/format.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";
import { listeningByService } from "./config-words.ts";

/** Which services hear of changes, and how far each was told. */
export function ListenersPanel(props: {
  readonly listeners: readonly ConfigListenerView[];
  readonly revision: number;
}): ReactNode {
  const services = listeningByService(props.listeners);
  if (services.length === 0) return undefined;
  return (
    <Panel title="Who listens" flush>
      <table className="table" aria-label="Listeners">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Listening</th>
            <th scope="col">Told of</th>
            <th scope="col" className="wide-only">
              Not listening
            </th>
          </tr>
        </thead>
        <tbody>
          {services.map(({ service, instances, listening, revision, silent }) => (
            <tr key={service}>
              <td>{service}</td>
              <td className="config-listening">
                <ToneShape tone={listening === instances ? "good" : "warn"} /> {listening} of {instances}
              </td>
              <td>{revision === null ? "–" : revision >= props.revision ? "everything" : `r${revision}`}</td>
              <td className="wide-only muted mono">{silent.map(shortId).join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="config-command">
        <CommandLine command="npx holdfast config instances" />
      </div>
    </Panel>
  );
}
