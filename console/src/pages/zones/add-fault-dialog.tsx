import type { FaultSupportView } from "@holdfast/wire";
import type { FaultView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { Checkbox, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ActionDialog } from "../../actions/action-dialog.tsx";
import { call } from "../../api/http.ts";
import { useNotify } from "../../ui/notices.tsx";
import { addCommand, amountOf, type FaultDraft, lackOf, requestOf, takesOneWay } from "./fault-words.ts";

const kinds: readonly { readonly value: FaultView["kind"]; readonly label: string }[] = [
  { value: "partition", label: "Partition: nothing arrives" },
  { value: "refuse", label: "Refuse: connections are reset" },
  { value: "delay", label: "Delay: packets come later" },
  { value: "loss", label: "Loss: packets vanish" },
  { value: "bandwidth", label: "Bandwidth: packets queue" },
];

const shapes: readonly { readonly value: FaultDraft["shape"]; readonly label: string }[] = [
  { value: "one", label: "These, apart from all others" },
  { value: "places", label: "From here to there" },
  { value: "halves", label: "Two halves" },
  { value: "bridge", label: "Two halves and a bridge" },
  { value: "ring", label: "A ring: neighbours only" },
];

const placeHelp = "regions, zones, services, server groups, instances or 127.R.Z.I";

/** Disturbs the network for a time. */
export function AddFaultDialog(props: {
  readonly support: readonly FaultSupportView[];
  readonly from?: string;
  readonly onClose: () => void;
}): ReactNode {
  const [draft, setDraft] = useState<FaultDraft>({
    kind: "partition",
    shape: "one",
    from: props.from ?? "",
    to: "",
    oneWay: false,
    amount: 0,
    forSeconds: 30,
    reason: "",
  });
  const notify = useNotify();
  const queries = useQueryClient();
  const change = (fields: Partial<FaultDraft>): void => setDraft((before) => ({ ...before, ...fields }));
  const { kind, shape } = draft;
  const amount = amountOf(kind);
  const lack = lackOf(draft);
  const support = props.support.find(({ fault }) => fault === kind);
  const run = async (): Promise<void> => {
    const fault = await call<FaultView>("POST", ControlPaths.faults, requestOf(draft));
    notify({ kind: "sentence", tone: "warn", text: `${fault.id}: ${fault.what}.` });
    await queries.invalidateQueries({ queryKey: ["faults"] });
  };
  return (
    <ActionDialog
      title="Disturb the network"
      verb="Begin"
      danger
      command={addCommand(draft)}
      disabled={lack !== undefined || support?.support === "unavailable"}
      run={run}
      onClose={props.onClose}
    >
      <NativeSelect
        label="What"
        value={kind}
        data={[...kinds]}
        onChange={({ currentTarget: { value } }) => {
          const next = kinds.find((one) => one.value === value)?.value ?? "partition";
          change({ kind: next, amount: amountOf(next)?.first ?? 0 });
        }}
      />
      {support === undefined || support.support === "real" ? undefined : (
        <p className="fault-support-note" data-support={support.support}>
          {support.support === "simulated" ? "Simulated here" : "Not to be had here"}: {support.why}
        </p>
      )}
      <NativeSelect
        label="Where"
        value={shape}
        data={[...shapes]}
        onChange={({ currentTarget: { value } }) =>
          change({ shape: shapes.find((one) => one.value === value)?.value ?? "one" })
        }
      />
      {shape === "ring" ? undefined : (
        <TextInput
          label={shape === "places" ? "From" : shape === "bridge" ? "The bridge" : "These"}
          description={shape === "bridge" ? "one zone; empty: the middle one" : placeHelp}
          placeholder="local-1b"
          value={draft.from}
          onChange={({ currentTarget: { value } }) => change({ from: value })}
        />
      )}
      {shape === "places" ? (
        <TextInput
          label="To"
          description={placeHelp}
          placeholder="local-1c"
          value={draft.to}
          onChange={({ currentTarget: { value } }) => change({ to: value })}
        />
      ) : undefined}
      {takesOneWay(shape) ? (
        <Checkbox
          label="One way: what comes back is left alone"
          checked={draft.oneWay}
          onChange={({ currentTarget: { checked } }) => change({ oneWay: checked })}
        />
      ) : undefined}
      {amount === undefined ? undefined : (
        <NumberInput
          label={`${amount.label} (${amount.unit})`}
          value={draft.amount}
          min={amount.min}
          max={amount.max}
          onChange={(value) => change({ amount: Number(value) })}
        />
      )}
      <NumberInput
        label="For (seconds)"
        description="It ends by itself, also when everybody who could end it is gone."
        value={draft.forSeconds}
        min={1}
        max={43_200}
        allowDecimal={false}
        onChange={(value) => change({ forSeconds: Number(value) })}
      />
      <TextInput
        label="Why"
        placeholder="what others should know"
        value={draft.reason}
        onChange={({ currentTarget: { value } }) => change({ reason: value })}
      />
      {lack === undefined ? undefined : <p role="status">{lack}</p>}
    </ActionDialog>
  );
}
