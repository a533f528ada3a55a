/** What vendors say of a trace, newest first; opaque to us. */
export type TraceState = readonly (readonly [key: string, value: string])[];

/** W3C Trace Context §3.3.1: at most so many members. */
const membersMax = 32;
/** §3.3.1.5: at least that much is to be carried; longer ones are cut, by whole members. */
const charactersMax = 512;
const simpleKey = /^[a-z][a-z0-9_\-*/]{0,255}$/;
const tenantKey = /^[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}$/;
/** Printable ASCII but `,` and `=`; no blank at its end. */
const valueShape = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * Reads `tracestate`. `undefined` when any of it is malformed, a key comes twice, or there are more than 32 members: the
 * whole header then counts as not there, while `traceparent` stays good.
 */
export function parseTracestate(text: string): TraceState | undefined {
  const members: [string, string][] = [];
  const seen = new Set<string>();
  for (const raw of text.split(",")) {
    // Only blanks around a member are optional white space (§3.3.1.1).
    const member = raw.replace(/^[ \t]+|[ \t]+$/g, "");
    if (member === "") continue;
    const at = member.indexOf("=");
    const key = member.slice(0, at);
    const value = member.slice(at + 1);
    if (at < 1 || seen.has(key) || !(simpleKey.test(key) || tenantKey.test(key)) || !valueShape.test(value))
      return undefined;
    seen.add(key);
    members.push([key, value]);
    if (members.length > membersMax) return undefined;
  }
  return members;
}

/** As one header value of at most 512 characters: the members longer than 128 go first, then the oldest. */
export function formatTracestate(members: TraceState): string {
  const all = members.slice(0, membersMax).map(([key, value]) => `${key}=${value}`);
  const length = (): number => all.reduce((sum, member) => sum + member.length + 1, -1);
  for (let i = all.length - 1; i >= 0 && length() > charactersMax; i--) {
    if ((all[i]?.length ?? 0) > 128) all.splice(i, 1);
  }
  while (length() > charactersMax) all.pop();
  return all.join(",");
}
