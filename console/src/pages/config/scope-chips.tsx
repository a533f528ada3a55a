import type { ConfigPropertyView } from "@holdfast/wire/control";
import type { ReactNode } from "react";
import { scopeParts } from "./config-words.ts";

/** For whom a value counts, a chip a scope. */
export function ScopeChips({ scope }: { readonly scope: ConfigPropertyView["scope"] }): ReactNode {
  const parts = scopeParts(scope);
  if (parts.length === 0) return <span className="muted">everywhere</span>;
  return (
    <span className="scope-chips">
      {parts.map(({ name, value }) => (
        <span key={name} className="scope-chip">
          <span className="scope-name">{name}</span> {value}
        </span>
      ))}
    </span>
  );
}
