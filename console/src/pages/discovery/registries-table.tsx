import type { RegistryState } from "@holdfast/wire/control";
import type { ReactNode } from "react";
import { formatMs, nothing } from "../../lib/format.ts";
import { Age } from "../../ui/age.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";

/** All registries side by side: do they answer, whom do they hear, and does self-preservation hold anybody? */
export function RegistriesTable({ registries }: { readonly registries: readonly RegistryState[] }): ReactNode {
  return (
    <table className="table" aria-label="Registries">
      <thead>
        <tr>
          <th scope="col">Registry</th>
          <th scope="col">State</th>
          <th scope="col" className="wide-only">
            Peers
          </th>
          <th scope="col" className="roomy-only end">
            Answers in
          </th>
          <th scope="col" className="wide-only end">
            Instances
          </th>
          <th scope="col" className="ample-only end">
            Listeners
          </th>
          <th scope="col" className="roomy-only end">
            Heartbeats/min
          </th>
          <th scope="col" className="roomy-only">
            Self-preservation
          </th>
          <th scope="col" className="ample-only end">
            Started
          </th>
        </tr>
      </thead>
      <tbody>
        {registries.map((registry) => (
          <Row key={registry.name} registry={registry} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ registry }: { readonly registry: RegistryState }): ReactNode {
  const { name, url, reachable, reason, answeredInMs, summary } = registry;
  const state = !reachable ? "unreachable" : summary?.draining ? "draining" : summary?.synced ? "up" : "starting";
  return (
    <tr>
      <td>
        <strong>{name}</strong>
        <span className="mono muted discovery-url" title={url}>
          {url.replace(/^https?:\/\//, "")}
        </span>
      </td>
      <td>
        <StatusMark state={state} label={state === "starting" ? "asking its peers" : state} />
        {reason === "" ? undefined : <span className="discovery-reason">{unbroken(reason)}</span>}
      </td>
      <td className="wide-only">{summary === null ? "–" : <Peers peers={summary.peers} />}</td>
      <td className="roomy-only end numeric">{formatMs(answeredInMs)}</td>
      <td className="wide-only end numeric">{summary?.instances ?? "–"}</td>
      <td className="ample-only end numeric">{summary?.listeners ?? "–"}</td>
      <td className="roomy-only end numeric">{summary === null ? "–" : heartbeatsOf(summary)}</td>
      <td className="roomy-only muted">{summary === null ? "–" : preservationOf(summary)}</td>
      <td className="ample-only end">{summary === null ? "–" : <Age at={summary.startedAt} />}</td>
    </tr>
  );
}

type Summary = NonNullable<RegistryState["summary"]>;

/** In a word; the sentences are below the table. */
function preservationOf({ preservation, held }: Summary): string {
  return preservation.engaged ? `keeps ${held}` : "not needed";
}

/** What came in the last minute and, where numbers are what counts (profile compat), what would be enough. */
function heartbeatsOf({ preservation, startedAt }: Summary): string {
  const { renewsLastMinute, threshold } = preservation;
  // Full minutes are counted: until one is over, nothing has been.
  if (renewsLastMinute === 0 && Date.now() - Date.parse(startedAt) < 120_000) return nothing;
  const enough = threshold > 0 ? ` of ${Math.round(threshold)}` : "";
  return `${Math.round(renewsLastMinute)}${enough}`;
}

function Peers({ peers }: { readonly peers: Summary["peers"] }): ReactNode {
  const up = peers.filter((peer) => peer.state === "up").length;
  if (peers.length === 0) return <span className="muted">none</span>;
  if (up === peers.length) return <span>hears all {peers.length}</span>;
  const lost = peers.filter((peer) => peer.state !== "up");
  return (
    <span className="discovery-peers-lost" title={lost.map((peer) => `${peer.url}: ${peer.reason}`).join("\n")}>
      hears {up} of {peers.length}
    </span>
  );
}

/** A number stays beside its unit: `1 s` is not broken over two lines. */
function unbroken(text: string): string {
  return text.replaceAll(/(\d) (m?s)\b/g, "$1\u00A0$2");
}
