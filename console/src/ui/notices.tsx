import { CloseButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { operationResource } from "../api/resources.ts";
import type { Tone } from "../lib/tone.ts";
import { ToneShape } from "./status-mark.tsx";
import "./notices.css";

/** What came of an action: a sentence, or a rolling operation that is followed to its end. */
export type Notice =
  | { readonly kind: "sentence"; readonly tone: Tone; readonly text: string; readonly next?: string | undefined }
  | { readonly kind: "operation"; readonly id: string; readonly title: string };

type Posted = Notice & { readonly key: number };

const lingerMs = 7_000;
const NoticesContext = createContext<(notice: Notice) => void>(() => {});

export function useNotify(): (notice: Notice) => void {
  return useContext(NoticesContext);
}

export function NoticesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [posted, setPosted] = useState<readonly Posted[]>([]);
  const notify = useCallback((notice: Notice) => {
    setPosted((all) => [...all.slice(-3), { ...notice, key: (all.at(-1)?.key ?? 0) + 1 }]);
  }, []);
  const dismiss = useCallback((key: number) => setPosted((all) => all.filter((one) => one.key !== key)), []);
  const shown = useMemo(
    () => posted.map((one) => <NoticeCard key={one.key} notice={one} onDismiss={() => dismiss(one.key)} />),
    [posted, dismiss],
  );
  return (
    <NoticesContext value={notify}>
      {children}
      <section className="notices" aria-label="Notices" aria-live="polite">
        {shown}
      </section>
    </NoticesContext>
  );
}

function NoticeCard(props: { readonly notice: Notice; readonly onDismiss: () => void }): ReactNode {
  const { notice, onDismiss } = props;
  if (notice.kind === "operation") return <OperationCard {...notice} onDismiss={onDismiss} />;
  return (
    <Card tone={notice.tone} text={notice.text} onDismiss={onDismiss} lingers={notice.tone !== "bad"}>
      {notice.next === undefined ? undefined : <p className="muted">Next: {notice.next}</p>}
    </Card>
  );
}

function OperationCard(props: {
  readonly id: string;
  readonly title: string;
  readonly onDismiss: () => void;
}): ReactNode {
  const { data, error } = useQuery(operationResource(props.id));
  const tone = data?.state === "failed" ? "bad" : data?.state === "succeeded" ? "good" : "busy";
  const word =
    data === undefined ? "" : data.state === "running" ? `: ${data.done} of ${data.total}` : `: ${data.state}`;
  return (
    <Card tone={tone} text={`${props.title}${word}`} onDismiss={props.onDismiss} lingers={tone === "good"}>
      {data === undefined ? undefined : (
        <progress
          className="notice-progress"
          value={data.done}
          max={Math.max(1, data.total)}
          aria-label={props.title}
        />
      )}
      {data?.detail ? <p className="muted">{data.detail}</p> : undefined}
      {error === null || data !== undefined ? undefined : <p className="muted">{error.message}</p>}
    </Card>
  );
}

function Card(props: {
  readonly tone: Tone;
  readonly text: string;
  readonly lingers: boolean;
  readonly onDismiss: () => void;
  readonly children?: ReactNode;
}): ReactNode {
  const { lingers, onDismiss } = props;
  useEffect(() => {
    if (!lingers) return;
    const timer = setTimeout(onDismiss, lingerMs);
    return () => clearTimeout(timer);
  }, [lingers, onDismiss]);
  return (
    <div className="notice" data-tone={props.tone}>
      <ToneShape tone={props.tone} size={16} />
      <div className="notice-body">
        <p>{props.text}</p>
        {props.children}
      </div>
      <CloseButton size="sm" aria-label="Dismiss notice" onClick={onDismiss} />
    </div>
  );
}
