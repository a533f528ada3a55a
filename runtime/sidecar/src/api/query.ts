/** A request target taken apart. Not `new URL`: it throws on what a stranger may send (`//`), and resolves `..`. */
export interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
}

export function targetOf(url: string): Target {
  const mark = url.indexOf("?");
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** The names callers may use for services: those of applications, and Eureka's, which may hold dots and capitals. */
export function isServiceName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name);
}

/**
 * A path from a decoded query parameter as it goes over the wire: from `/` on, and every character that HTTP does not
 * allow there written with per cent signs.
 */
export function requestPath(decoded: string): string {
  const path = decoded.startsWith("/") ? decoded : `/${decoded}`;
  // A lone surrogate has no UTF-8; U+FFFD stands for it, as everywhere.
  return path
    .toWellFormed()
    .replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent)
    .replaceAll("#", "%23");
}
