import type { InstanceView } from "@holdfast/wire/control";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { shortId } from "../lib/format.ts";
import { toneOf } from "../lib/tone.ts";
import { ToneShape } from "./status-mark.tsx";
import "./instance-chip.css";

/** One instance as a small link to its card. Anything but `up` says its status in words. */
export function InstanceChip({ instance }: { readonly instance: InstanceView }): ReactNode {
  const { id, name, status, zone } = instance;
  return (
    <Link
      to="."
      search={(search) => ({ ...search, instance: id })}
      className="instance-chip"
      data-tone={toneOf(status)}
      title={`${id} · ${status} · ${instance.address}:${instance.port}`}
    >
      <ToneShape tone={toneOf(status)} size={11} />
      <span className="visually-hidden">{name} </span>
      <span className="mono">{shortId(id)}</span>
      <span className={status === "up" ? "visually-hidden" : ""}> {status}</span>
      <span className="visually-hidden"> in {zone}</span>
    </Link>
  );
}
