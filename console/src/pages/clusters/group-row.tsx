import type { GroupInstanceView, ServerGroupView } from "@holdfast/wire/control";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { formatPercent, shortId } from "../../lib/format.ts";
import { shortZoneNames } from "../../lib/placement.ts";
import { ToneShape } from "../../ui/status-mark.tsx";
import { shortImage, stateWords, toneOfGroup, toneOfInstance } from "./group-words.ts";

/** One server group: how strong, where, what it waits for, and a chip for each of its instances. */
export function GroupRow({ group }: { readonly group: ServerGroupView }): ReactNode {
  const { name, state, up, desired, min, max, zones, reason, paused, refresh } = group;
  const tone = toneOfGroup(group);
  const short = shortZoneNames(Object.keys(zones));
  return (
    <article className="group" data-tone={tone} aria-label={name}>
      <header className="group-head">
        <ToneShape tone={tone} size={14} />
        <h3>
          <Link to="." search={(search) => ({ ...search, group: name })} className="mono">
            {name}
          </Link>
        </h3>
        <span className="group-state" data-state={state}>
          {stateWords[state]}
        </span>
        <span className="group-strength numeric">
          <strong>{up}</strong> of {desired} up <span className="muted">({`${min}–${max}`})</span>
        </span>
        <span className="group-image muted">
          image <span className="mono">{shortImage(group.image)}</span>
        </span>
      </header>
      {paused === "" ? undefined : <p className="group-note">Paused: {paused}</p>}
      {reason === "" ? undefined : <p className="group-note">{reason}</p>}
      {refresh === null || refresh.endedAt !== null ? undefined : (
        <p className="group-refresh">
          <progress max={100} value={refresh.percent} aria-label={`Refresh of ${name}`} /> refresh {refresh.status},{" "}
          {formatPercent(refresh.percent)}
          {refresh.reason === "" ? "" : `: ${refresh.reason}`}
        </p>
      )}
      <ul className="group-zones" aria-label={`Instances of ${name}`}>
        {Object.keys(zones).map((zone) => (
          <li key={zone}>
            <span className="group-zone muted" title={zone}>
              {short.get(zone)}
            </span>
            {group.instances
              .filter((one) => one.zone === zone)
              .map((one) => (
                <Chip key={one.id} instance={one} />
              ))}
            {group.instances.some((one) => one.zone === zone) ? undefined : <span className="muted">–</span>}
          </li>
        ))}
      </ul>
    </article>
  );
}

function Chip({ instance }: { readonly instance: GroupInstanceView }): ReactNode {
  const { id, lifecycle, status, zone, reason } = instance;
  const tone = toneOfInstance(instance);
  const word = status === "unhealthy" ? "unhealthy" : lifecycle;
  return (
    <Link
      to="."
      search={(search) => ({ ...search, instance: id })}
      className="instance-chip"
      data-tone={tone}
      title={`${id} · ${word} · ${reason}`}
    >
      <ToneShape tone={tone} size={11} />
      <span className="mono">{shortId(id)}</span>
      <span className={word === "InService" && tone === "good" ? "visually-hidden" : ""}> {word}</span>
      <span className="visually-hidden"> in {zone}</span>
      {instance.protected ? <span title="protected from scale-in"> 🛡</span> : undefined}
    </Link>
  );
}
