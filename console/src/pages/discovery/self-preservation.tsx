import type { RegistryState } from "@holdfast/wire/control";
import type { ReactNode } from "react";

/**
 * Self-preservation in plain words, also on a phone. Never red: what it does is to keep callers able to call, and a few
 * instances that end are no reason for it.
 */
export function SelfPreservation({ registries }: { readonly registries: readonly RegistryState[] }): ReactNode {
  const told = registries.flatMap(({ name, summary }) =>
    summary === null ? [] : [{ name, held: summary.held, preservation: summary.preservation }],
  );
  const [first] = told;
  if (first === undefined) return undefined;
  const engaged = told.filter(({ preservation }) => preservation.engaged);
  if (engaged.length === 0) {
    return (
      <p className="discovery-preservation muted">
        Self-preservation is not needed. {asSentence(first.preservation.summary)}
      </p>
    );
  }
  return (
    <section className="discovery-preservation" aria-label="Self-preservation">
      <p>Self-preservation is at work: callers go on trying those that are kept. Nothing needs to be done.</p>
      {engaged.map(({ name, held, preservation: { groups } }) => (
        <details key={name}>
          <summary>
            {name} keeps {held}: which, and why
          </summary>
          <ul>
            {groups
              .filter((group) => group.engaged)
              .map(({ app, zone, reason }) => (
                <li key={`${app}/${zone}`}>
                  {app} in {zone}: {reason}
                </li>
              ))}
          </ul>
        </details>
      ))}
    </section>
  );
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
