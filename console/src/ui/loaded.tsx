import { Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { explain, isRefused } from "../api/http.ts";
import { CommandLine } from "./command-line.tsx";

/** Shows what a query holds, or that it is on its way, or why it is not there. Data once shown stays, marked stale by the shell. */
export function Loaded<T>(props: {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}): ReactNode {
  const { data, error } = props.query;
  if (data !== undefined) return props.children(data);
  if (error !== null) return <Unavailable error={error} />;
  return (
    <div role="status" aria-label="Loading" className="skeletons">
      {[0, 1, 2, 3].map((key) => (
        <Skeleton key={key} height={34} mb={8} radius="md" />
      ))}
    </div>
  );
}

function Unavailable({ error }: { readonly error: Error }): ReactNode {
  const { sentence, next } = explain(error);
  return (
    <div className="empty" role="alert">
      <strong>{sentence}</strong>
      {isRefused(error) ? undefined : <p>This page tries again by itself. What runs goes on running meanwhile.</p>}
      {next === undefined ? undefined : next.startsWith("npx ") ? <CommandLine command={next} /> : <p>{next}</p>}
    </div>
  );
}

/** Says that there is nothing, and what would change that. */
export function Empty(props: { readonly title: string; readonly children?: ReactNode }): ReactNode {
  return (
    <div className="empty">
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}
