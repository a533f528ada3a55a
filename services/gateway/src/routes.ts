import type { RouteSettings } from "@holdfast/wire";

export interface RouteMatch {
  readonly route: RouteSettings;
  /** The path to ask the service for. */
  readonly path: string;
}

/** Finds the route of a path: an exact match (it is the longest there can be), else the longest prefix. Pure. */
export class RouteTable {
  readonly #routes: readonly { readonly route: RouteSettings; readonly base: string; readonly isPrefix: boolean }[];

  constructor(routes: readonly RouteSettings[]) {
    this.#routes = routes
      .map((route) => {
        const isPrefix = route.match.endsWith("**");
        const base = isPrefix ? route.match.slice(0, -2) : route.match;
        return { route, base, isPrefix };
      })
      .toSorted((a, b) => Number(a.isPrefix) - Number(b.isPrefix) || b.base.length - a.base.length);
  }

  /** `url` is the request target: path and query. */
  find(url: string): RouteMatch | undefined {
    const queryAt = url.indexOf("?");
    const path = queryAt < 0 ? url : url.slice(0, queryAt);
    for (const { route, base, isPrefix } of this.#routes) {
      if (!(isPrefix ? matchesPrefix(path, base) : path === base)) continue;
      if (!route.stripPrefix || !isPrefix) return { route, path: url };
      // `/api/**` has the base `/api/`; what is left of `/api?x=1` is `?x=1`.
      const rest = url.slice(Math.min(base.length, path.length));
      return { route, path: rest.startsWith("/") ? rest : `/${rest}` };
    }
    return undefined;
  }
}

/** `/api/**` takes `/api` itself too. */
function matchesPrefix(path: string, base: string): boolean {
  return path.startsWith(base) || (base.endsWith("/") && path === base.slice(0, -1));
}
