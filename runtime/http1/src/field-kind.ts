/** Fields that the core itself acts upon or never passes on; all others are `other`. */
export const fieldKind = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  upgrade: 5,
  expect: 6,
  trailer: 7,
  /** Of one connection only (RFC 9110 §7.6.1), without meaning to us. */
  hop: 8,
} as const;

export type FieldKind = (typeof fieldKind)[keyof typeof fieldKind];

const names = new Map<string, FieldKind>([
  ["te", fieldKind.hop],
  ["host", fieldKind.host],
  ["expect", fieldKind.expect],
  ["trailer", fieldKind.trailer],
  ["upgrade", fieldKind.upgrade],
  ["connection", fieldKind.connection],
  ["keep-alive", fieldKind.hop],
  ["content-length", fieldKind.contentLength],
  ["http2-settings", fieldKind.hop],
  ["proxy-connection", fieldKind.hop],
  ["transfer-encoding", fieldKind.transferEncoding],
  ["proxy-authenticate", fieldKind.hop],
  ["proxy-authorization", fieldKind.hop],
]);

/** First letters by length of name: most names are told from ours without making a string. */
const firsts: string[] = Array.from({ length: 20 }, () => "");
for (const name of names.keys()) firsts[name.length] += `${name.charAt(0)}${name.charAt(0).toUpperCase()}`;

/** The kind of the field whose name stands in `text` from `start` to `end`, in any case. */
export function kindOfField(text: string, start: number, end: number): FieldKind {
  const length = end - start;
  if (length >= firsts.length) return fieldKind.other;
  const first = firsts[length] ?? "";
  if (first === "" || !first.includes(text.charAt(start))) return fieldKind.other;
  return names.get(text.slice(start, end).toLowerCase()) ?? fieldKind.other;
}
