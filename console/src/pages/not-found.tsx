import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../ui/loaded.tsx";
import { Page, Panel } from "../ui/page.tsx";

export function NotFoundPage(): ReactNode {
  return (
    <Page title="Nothing here">
      <Panel>
        <Empty title="This address leads to no page of the console.">
          <Link to="/">Back to Home</Link>
        </Empty>
      </Panel>
    </Page>
  );
}
