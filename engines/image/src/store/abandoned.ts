import { randomBytes } from "node:crypto";
import { codeOf } from "@holdfast/kernel";

/** A name for something half made: it says who makes it, so that what a dead maker left can be told from work under way. */
export function draftName(): string {
  return `.new-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** A name for something on its way out. */
export function goneName(): string {
  return `.gone-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** True for a draft, or something on its way out, whose process is dead. */
export function isAbandoned(name: string): boolean {
  const pid = /^\.(?:new|gone)-(\d+)-/.exec(name)?.[1];
  return pid !== undefined && isDead(Number(pid));
}

/** True when there is no such process. */
export function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}
