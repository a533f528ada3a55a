import type { ConfigChangeView, ConfigPropertyView, ConfigStageView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ActionDialog } from "../../actions/action-dialog.tsx";
import { call } from "../../api/http.ts";
import { useStatus } from "../../api/queries.ts";
import { type Manner, readScopeText, scopeText, setCommand } from "./config-words.ts";
import { useConfigDone } from "./use-config-done.ts";

/** Sets a value: at once, or step by step behind a gate. Removing is a manner of its own. */
export function SetDialog(props: {
  readonly of?: string;
  /** The value to begin with. */
  readonly from?: ConfigPropertyView | undefined;
  readonly onClose: () => void;
}): ReactNode {
  const { of = "", from, onClose } = props;
  const zones = useStatus().data?.zones.map(({ name }) => name) ?? [];
  const [key, setKey] = useState(of);
  const [value, setValue] = useState(from?.value ?? "");
  const [scopes, setScopes] = useState(from === undefined ? "" : scopeText(from.scope));
  const [reason, setReason] = useState("");
  const [how, setHow] = useState("at-once");
  const done = useConfigDone();
  const scope = readScopeText(scopes);
  const isRemoval = how === "remove";
  const manner = mannerOf(how);
  const run = async (): Promise<void> => {
    if (manner.kind === "at-once") {
      const edits = [{ key, scope, value: isRemoval ? null : value }];
      const change = await call<ConfigChangeView>("POST", ControlPaths.configChanges, { edits, reason });
      return done(`${key} is ${isRemoval ? "removed" : "set"}: revision ${change.revision}.`);
    }
    const steps = manner.kind === "zone" ? { steps: [{ zones: [manner.zone] }] } : {};
    const stage = await call<ConfigStageView>("POST", ControlPaths.configStages, {
      key,
      scope,
      value,
      reason,
      ...steps,
    });
    return done(`${key} is on trial with ${stage.steps[0] ?? "some instances"}.`);
  };
  return (
    <ActionDialog
      title={of === "" ? "Set a value" : `Set ${of}`}
      verb={isRemoval ? "Remove" : manner.kind === "at-once" ? "Set" : "Begin"}
      danger={isRemoval}
      command={setCommand(key || "<key>", isRemoval ? null : value, scope, manner, reason)}
      disabled={key.trim() === "" || reason.trim() === ""}
      run={run}
      onClose={onClose}
    >
      {of === "" ? (
        <TextInput label="Key" value={key} onChange={(event) => setKey(event.currentTarget.value)} />
      ) : undefined}
      {isRemoval ? undefined : (
        <Textarea
          label="Value"
          autosize
          minRows={1}
          maxRows={8}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      )}
      <TextInput
        label="For"
        description="service=, zone=, region=, env=, instance= … ; empty: everywhere"
        placeholder="service=ratings env=prod"
        value={scopes}
        onChange={(event) => setScopes(event.currentTarget.value)}
      />
      <NativeSelect
        label="How"
        value={how}
        onChange={(event) => setHow(event.currentTarget.value)}
        data={[
          { value: "at-once", label: "At once, for all" },
          { value: "shares", label: "Step by step: a tenth, half, all" },
          ...zones.map((zone) => ({ value: `zone:${zone}`, label: `Zone ${zone} first` })),
          { value: "remove", label: "Remove the value" },
        ]}
      />
      <TextInput
        label="Why"
        placeholder="what others should know"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {manner.kind === "at-once" ? undefined : (
        <p>
          Each step is watched for 30 s. If those who have the value answer worse than the others, or fall ill, it is
          taken back by itself.
        </p>
      )}
    </ActionDialog>
  );
}

function mannerOf(how: string): Manner {
  if (how.startsWith("zone:")) return { kind: "zone", zone: how.slice("zone:".length) };
  return { kind: how === "shares" ? "shares" : "at-once" };
}
