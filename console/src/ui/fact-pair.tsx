import type { ReactNode } from "react";

/** One line of a `dl.facts`. */
export function FactPair(props: { readonly label: string; readonly value: ReactNode }): ReactNode {
  return (
    <>
      <dt>{props.label}</dt>
      <dd>{props.value}</dd>
    </>
  );
}
