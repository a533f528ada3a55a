import type { RouteSettings } from "@holdfast/wire";

export interface RouteMatch {
  readonly route: RouteSettings;
  /** The path to ask the service for. */
  readonly path: string;
}

/** Finds the route of a path: the longest match wins, an exact one before a prefix of the same length. Pure. */
export class RouteTable {
  readonly #routes: readonly { readonly route: RouteSettings; readonly base: string; readonly isPrefix: boolean }[];

  constructor(routes: readonly RouteSettings[]) {
    this.#routes = routes
      .map((route) => {
        const isPrefix = route.match.endsWith("**");
        const base = isPrefix ? route.match.slice(0, -2) : route.match;
        return { route, base, isPrefix };
      })
      .toSorted((a, b) => b.base.length - a.base.length || Number(a.isPrefix) - Number(b.isPrefix));
  }

  /** `url` is the request target: path and query. */
  find(url: string): RouteMatch | undefined {
    const queryAt = url.indexOf("?");
    const path = queryAt < 0 ? url : url.slice(0, queryAt);
    for (const { route, base, isPrefix } of this.#routes) {
      if (!(isPrefix ? matchesPrefix(path, base) : path === base)) continue;
      if (!route.stripPrefix || !isPrefix) return { route, path: url };
      const rest = url.slice(base.length);
      return { route, path: rest.startsWith("/") ? rest : `/${rest}` };
    }
    return undefined;
  }
}

/** `/api/**` takes `/api` itself too. */
function matchesPrefix(path: string, base: string): boolean {
  return path.startsWith(base) || (base.endsWith("/") && path === base.slice(0, -1));
}
