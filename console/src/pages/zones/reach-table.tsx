import type { FaultView, ZoneView } from "@holdfast/wire/control";
import type { ReactNode } from "react";
import { shortZoneNames } from "../../lib/placement.ts";
import { type Disturbance, wayBetween } from "./fault-words.ts";

/** Who reaches whom: a row for each zone that calls, a column for each that is called. */
export function ReachTable(props: {
  readonly zones: readonly ZoneView[];
  readonly faults: readonly FaultView[];
}): ReactNode {
  const { zones, faults } = props;
  const short = shortZoneNames(zones.map(({ name }) => name));
  return (
    <div className="reach-scroll">
      <table className="reach" aria-label="Who reaches whom">
        <thead>
          <tr>
            <td className="reach-corner">from ↓ to →</td>
            {zones.map(({ name }) => (
              <th key={name} scope="col" title={name}>
                {short.get(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {zones.map((from) => (
            <tr key={from.name}>
              <th scope="row" title={from.name}>
                {short.get(from.name)}
              </th>
              {zones.map((to) => (
                <Cell key={to.name} ways={wayBetween(faults, from.name, to.name)} isOwn={from.name === to.name} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ ways, isOwn }: { readonly ways: readonly Disturbance[]; readonly isOwn: boolean }): ReactNode {
  if (ways.length === 0)
    return (
      <td data-way={isOwn ? "own" : "free"}>
        <span aria-hidden="true">{isOwn ? "·" : "✓"}</span>
        <span className="visually-hidden">{isOwn ? "within itself" : "reaches it"}</span>
      </td>
    );
  return (
    <td data-way={ways.some(({ whole }) => whole) ? "all" : "some"}>
      {ways.map(({ id, word, whole }) => (
        <span key={id} className="reach-word" title={id}>
          {word}
          {whole ? "" : " (some)"}
        </span>
      ))}
    </td>
  );
}
