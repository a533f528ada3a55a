import { MessageRefused } from "./http1-error.ts";

/**
 * Where the CRLF CRLF that ends a head begins in `text`, which begins with the head; -1: not here yet.
 *
 * @throws MessageRefused HTTP_HEAD_TOO_LARGE when it can no longer end within `limit` bytes; HTTP_FIELD_INVALID when a
 *   line ended in a bare LF, so that who sent it would wait in vain.
 */
export function headEnd(text: string, limit: number): number {
  const blank = text.indexOf("\r\n\r\n");
  if (blank !== -1 && blank + 4 <= limit) return blank;
  if (blank !== -1 || text.length >= limit)
    throw new MessageRefused("HTTP_HEAD_TOO_LARGE", `head: longer than ${limit} bytes`);
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1))
    if (text.charCodeAt(at - 1) !== 0x0d)
      throw new MessageRefused("HTTP_FIELD_INVALID", "head: a line ends in a bare LF");
  return -1;
}
