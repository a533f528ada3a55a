import { type ReactNode, useEffect } from "react";
import { useStatus } from "../api/queries.ts";
import "./page.css";

/** A page's frame: its one heading, what belongs beside it, its content. */
export function Page(props: {
  readonly title: string;
  readonly beside?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  const application = useStatus().data?.application;
  useEffect(() => {
    document.title = [props.title, application, "Holdfast"].filter(Boolean).join(" · ");
  }, [props.title, application]);
  return (
    <div className="page">
      <header className="page-head">
        <h1>{props.title}</h1>
        {props.beside}
      </header>
      {props.children}
    </div>
  );
}

/** A titled block on a page. */
export function Panel(props: {
  readonly title?: ReactNode;
  readonly beside?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className="panel" data-flush={props.flush}>
      {props.title === undefined ? undefined : (
        <header className="panel-head">
          <h2>{props.title}</h2>
          {props.beside}
        </header>
      )}
      {props.children}
    </section>
  );
}
