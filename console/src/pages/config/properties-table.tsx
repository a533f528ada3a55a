import type { ConfigPropertyView } from "@holdfast/wire/control";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Age } from "../../ui/age.tsx";
import { ScopeChips } from "./scope-chips.tsx";

/** Values by key, the most special of a key first; each key opens into why. */
export function PropertiesTable({ properties }: { readonly properties: readonly ConfigPropertyView[] }): ReactNode {
  return (
    <table className="table config-table" aria-label="Values">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Value</th>
          <th scope="col" className="wide-only">
            For
          </th>
          <th scope="col" className="wide-only">
            By
          </th>
          <th scope="col" className="roomy-only">
            Why
          </th>
        </tr>
      </thead>
      <tbody>
        {properties.map((property) => (
          <tr key={property.propertyId}>
            <td className="config-key">
              <Link to="." search={(search) => ({ ...search, key: property.key })}>
                {property.key}
              </Link>
              {property.trial === null ? undefined : <span className="config-tag">on trial</span>}
            </td>
            <td>
              <code className="config-value">{property.value === "" ? "(empty)" : property.value}</code>
              {property.secret ? <span className="config-tag">secret</span> : undefined}
              <span className="config-narrow">
                <ScopeChips scope={property.scope} />
              </span>
            </td>
            <td className="wide-only">
              <ScopeChips scope={property.scope} />
            </td>
            <td className="wide-only">
              {property.author}, <Age at={property.at} />
            </td>
            <td className="roomy-only muted">{property.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
