/** The fields of `/proc/<pid>/stat` that say who a process is. */
export interface ProcStat {
  readonly pid: number;
  /** One letter: `R`, `S`, `T` stopped by a signal, `Z` dead but not yet reaped … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Field 22: clock ticks after boot. With the pid it names a process for one boot. */
  readonly startTime: string;
}

/** Parses `/proc/<pid>/stat`. The command name in it may hold spaces and brackets; the last `)` ends it. */
export function parseProcStat(text: string): ProcStat | undefined {
  const end = text.lastIndexOf(")");
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(end + 2).split(" ");
  const [state, parent, group, session] = fields;
  const startTime = fields[19];
  if (end < 0 || !Number.isInteger(pid) || state === undefined || startTime === undefined) return undefined;
  return { pid, state, parent: Number(parent), group: Number(group), session: Number(session), startTime };
}
