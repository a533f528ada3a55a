import type { ReactNode } from "react";
import { type AnyState, type Tone, toneOf } from "../lib/tone.ts";
import "./status-mark.css";

/** The shape of a tone, drawn in its ink; never the only carrier of meaning. */
export function ToneShape({ tone, size = 12 }: { readonly tone: Tone; readonly size?: number }): ReactNode {
  return (
    <svg className="tone-shape" data-tone={tone} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {shapes[tone]}
    </svg>
  );
}

/** A state as shape and word on its tint. */
export function StatusMark({ state, label }: { readonly state: AnyState; readonly label?: string }): ReactNode {
  const tone = toneOf(state);
  return (
    <span className="status-mark" data-tone={tone}>
      <ToneShape tone={tone} />
      {label ?? state}
    </span>
  );
}

const shapes: Readonly<Record<Tone, ReactNode>> = {
  good: (
    <>
      <circle cx="6" cy="6" r="6" fill="currentColor" />
      <path d="M3.300 6.200 5.300 8.100 8.800 4.200" fill="none" stroke="var(--shape-hole)" strokeWidth="1.600" />
    </>
  ),
  busy: (
    <circle
      className="tone-shape-turn"
      cx="6"
      cy="6"
      r="4.700"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeDasharray="20 9.500"
    />
  ),
  warn: (
    <>
      <path d="M6 .4 12 11.400H0z" fill="currentColor" />
      <path d="M6 4.300v3.200M6 8.700v1.300" stroke="var(--shape-hole)" strokeWidth="1.500" />
    </>
  ),
  bad: (
    <>
      <path d="M3.600 0h4.800L12 3.600v4.800L8.400 12H3.600L0 8.400V3.600z" fill="currentColor" />
      <path d="m3.800 3.800 4.400 4.400m0-4.400L3.800 8.200" stroke="var(--shape-hole)" strokeWidth="1.600" />
    </>
  ),
  idle: <rect x="1" y="4.600" width="10" height="2.800" rx="1.400" fill="currentColor" />,
};
