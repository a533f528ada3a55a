import { Button } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../ui/loaded.tsx";
import { Page, Panel } from "../ui/page.tsx";

/** Instead of a page whose code did not arrive (control away or just upgraded) or that failed. */
export function BrokenPage({ error }: ErrorComponentProps): ReactNode {
  return (
    <Page title="This page did not open">
      <Panel>
        <Empty title="Its code could not be loaded, or it failed.">
          <p>{error instanceof Error ? error.message : String(error)}</p>
          <Button onClick={() => location.reload()}>Load again</Button>
        </Empty>
      </Panel>
    </Page>
  );
}
