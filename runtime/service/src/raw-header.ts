/**
 * A header of the request, the first of its name, read from the list as it came: `req.headers` makes an object of all of
 * them, which costs as much as a small answer when nobody else asks for it. `name` in lower case.
 */
export function rawHeader(
  { rawHeaders }: { readonly rawHeaders: readonly string[] },
  name: string,
): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const key = rawHeaders[i];
    if (key === undefined || key.length !== name.length) continue;
    if (key === name || key.toLowerCase() === name) return rawHeaders[i + 1];
  }
  return undefined;
}
