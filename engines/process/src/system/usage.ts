import { readFileSync } from "node:fs";
import type { InstanceUsage } from "@holdfast/engine";
import { groupMembers } from "./processes.ts";

/** Units of `utime` and `stime` in `/proc/<pid>/stat`: 100 a second on every Linux that Node runs on. */
const ticksPerSecond = 100;
const kibibyte = 1024;

/**
 * What the processes of a group use together; `undefined` where the system does not tell (anything but Linux), or when none
 * of them lives. Memory is what is resident; pages that several share count for each.
 */
export function usageOfGroup(group: number): InstanceUsage | undefined {
  let cpuSeconds = 0;
  let memoryBytes = 0;
  let members = 0;
  for (const { pid } of groupMembers(group)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // After the command in brackets, which may hold anything: field 3 is the state, 14 and 15 the times.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
      cpuSeconds += (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
      memoryBytes += Number(resident ?? 0) * kibibyte;
      members += 1;
    } catch {
      // It ended between the list and the look.
    }
  }
  return members === 0 ? undefined : { cpuSeconds, memoryBytes };
}
