/** `uri-host [ ":" port ]` of RFC 3986: no user, no path, nothing that a URL reader would take for another part. */
export function isAuthority(text: string): boolean {
  return /^(?:[A-Za-z0-9._~!$&'()*+;=%-]*|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?$/.test(text);
}
