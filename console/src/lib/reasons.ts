import type { StatusView } from "@holdfast/wire/control";

/** The reasons that the verdict's sentence does not give already. */
export function reasonsBeyond(status: Pick<StatusView, "sentence" | "reasons">): readonly string[] {
  return status.reasons.filter((reason) => !status.sentence.includes(reason.slice(reason.indexOf(": ") + 1).trim()));
}
