import type { OperationView, ServerGroupView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { Checkbox, NumberInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ActionDialog } from "../../actions/action-dialog.tsx";
import { noticeFor } from "../../actions/notice-for.ts";
import { call } from "../../api/http.ts";
import { useNotify } from "../../ui/notices.tsx";
import { type ActFields, type GroupAct, postingOf, whatHappens } from "./group-words.ts";

const verbs: Readonly<Record<GroupAct["kind"], string>> = {
  resize: "Resize",
  clone: "Clone",
  enable: "Enable",
  disable: "Disable",
  destroy: "Destroy",
  refresh: "Refresh",
  cancel: "Cancel refresh",
  rollback: "Roll back",
  continue: "Continue",
  standby: "Stand by",
  "in-service": "Into service",
  protect: "Protect",
  unprotect: "Unprotect",
  shrink: "End, one less",
};
const dangerous: ReadonlySet<GroupAct["kind"]> = new Set(["destroy", "disable", "shrink", "rollback"]);

export function verbOf(act: GroupAct): string {
  return verbs[act.kind];
}

/** Asks before a server group is changed, and follows the change to its end. */
export function GroupActionDialog(props: {
  readonly group: ServerGroupView;
  readonly act: GroupAct;
  readonly onClose: () => void;
}): ReactNode {
  const { group, act, onClose } = props;
  const { min, desired, max } = group;
  const [fields, setFields] = useState<ActFields>({ min, desired, max, traffic: false, force: false, minHealthy: 90 });
  const notify = useNotify();
  const queries = useQueryClient();
  const posting = postingOf(group.name, act, fields);
  const change = (more: Partial<ActFields>): void => setFields((before) => ({ ...before, ...more }));
  const of = "instance" in act ? act.instance : group.name;
  const title = `${verbOf(act)}: ${of}`;
  const run = async (): Promise<void> => {
    const operation = await call<OperationView>("POST", ControlPaths.groupAct(group.name, posting.act), posting.body);
    notify(noticeFor(operation, title));
    await queries.invalidateQueries({ queryKey: ["groups"] });
  };
  const isSizeWrong = !(fields.min <= fields.desired && fields.desired <= fields.max && fields.min >= 0);
  return (
    <ActionDialog
      title={title}
      verb={verbOf(act)}
      danger={dangerous.has(act.kind)}
      command={posting.command}
      disabled={act.kind === "resize" && isSizeWrong}
      run={run}
      onClose={onClose}
    >
      <p>{whatHappens(group, act)}</p>
      {act.kind === "resize" ? (
        <>
          <Size label="At least" value={fields.min} onChange={(value) => change({ min: value })} />
          <Size label="Now" value={fields.desired} onChange={(value) => change({ desired: value })} />
          <Size label="At most" value={fields.max} onChange={(value) => change({ max: value })} />
          {isSizeWrong ? <p role="status">At least ≤ now ≤ at most.</p> : undefined}
        </>
      ) : undefined}
      {act.kind === "clone" ? (
        <Checkbox
          label="With traffic from the start"
          checked={fields.traffic}
          onChange={({ currentTarget: { checked } }) => change({ traffic: checked })}
        />
      ) : undefined}
      {act.kind === "disable" || act.kind === "destroy" ? (
        <Checkbox
          label={`Also when nobody else in ${group.cluster} serves`}
          checked={fields.force}
          onChange={({ currentTarget: { checked } }) => change({ force: checked })}
        />
      ) : undefined}
      {act.kind === "refresh" ? (
        <NumberInput
          label="Serving all the time, at least (%)"
          value={fields.minHealthy}
          min={0}
          max={100}
          allowDecimal={false}
          onChange={(value) => change({ minHealthy: Number(value) })}
        />
      ) : undefined}
    </ActionDialog>
  );
}

function Size(props: {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
}): ReactNode {
  return (
    <NumberInput
      label={props.label}
      value={props.value}
      min={0}
      max={500}
      allowDecimal={false}
      onChange={(value) => props.onChange(Number(value))}
    />
  );
}
