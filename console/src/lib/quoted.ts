/** As a shell takes it: within single quotes everything is as it is, but for the quote itself. */
export function quoted(text: string): string {
  return /^[\w.,:=/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
