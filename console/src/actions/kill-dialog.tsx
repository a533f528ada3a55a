import type { InstanceView, KillRequest } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { NativeSelect } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { call } from "../api/http.ts";
import { defaultSignal, killCommand, type Signal } from "../lib/commands.ts";
import { useNotify } from "../ui/notices.tsx";
import { ActionDialog } from "./action-dialog.tsx";

interface Way {
  readonly label: string;
  readonly verb: string;
  readonly expect: (instance: InstanceView) => string;
}

const ways: Readonly<Record<Signal, Way>> = {
  SIGKILL: {
    label: "Kill at once (SIGKILL)",
    verb: "Kill",
    expect: (i) => `It ends in mid-request. Callers move on to other instances, and another starts in ${i.zone}.`,
  },
  SIGTERM: {
    label: "Ask it to stop (SIGTERM)",
    verb: "Stop",
    expect: (i) => `It finishes its requests and ends. Another starts in ${i.zone}, for the group keeps its strength.`,
  },
  SIGSTOP: {
    label: "Freeze (SIGSTOP)",
    verb: "Freeze",
    expect: () => "It keeps its connections and answers nothing, as a hung process does. Health checks find it.",
  },
  SIGCONT: { label: "Thaw (SIGCONT)", verb: "Thaw", expect: () => "A frozen process goes on where it stood." },
};
const signals = Object.keys(ways) as Signal[];

/** Confirms a fault before it is made. */
export function KillDialog(props: { readonly instance: InstanceView; readonly onClose: () => void }): ReactNode {
  const { instance } = props;
  const [signal, setSignal] = useState<Signal>(defaultSignal);
  const notify = useNotify();
  const way = ways[signal];
  const run = async (): Promise<void> => {
    const body: KillRequest = { signal };
    await call("POST", ControlPaths.kill(instance.id), body);
    notify({ kind: "sentence", tone: "good", text: `${signal} sent to ${instance.name} ${instance.id}.` });
  };
  return (
    <ActionDialog
      title={`${way.verb} ${instance.name} ${instance.id}?`}
      verb={way.verb}
      danger={signal !== "SIGCONT"}
      command={killCommand(instance.id, signal)}
      run={run}
      onClose={props.onClose}
    >
      <NativeSelect
        label="How"
        value={signal}
        data={signals.map((value) => ({ value, label: ways[value].label }))}
        onChange={(event) => setSignal(signals.find((one) => one === event.currentTarget.value) ?? defaultSignal)}
      />
      <p>{way.expect(instance)}</p>
    </ActionDialog>
  );
}
