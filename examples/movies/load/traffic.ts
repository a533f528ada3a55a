/** One request of the mix. */
export interface PlannedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: string | undefined;
}

export interface TrafficOptions {
  /** Share of requests (0 to 1) that are POSTs of a rating. */
  readonly postShare: number;
  /** GETs go to these in turn; none: the pages of the movies example. */
  readonly paths: readonly string[];
  /** Begins the id of every rating, so that one run's can be found again. */
  readonly run: string;
}

/** The golden ratio's fraction spreads any share evenly over the run, without chance. */
const spread = 0.618_034;
const users = 26;
const films = 400;

/** Request number `n` of a run: the same mix every time. */
export function requestAt(n: number, options: TrafficOptions): PlannedRequest {
  if ((n * spread) % 1 < options.postShare) {
    const vote = { id: `${options.run}-${n}`, film: 1 + (n % films), stars: 1 + (n % 5) };
    return { method: "POST", path: "/api/ratings", body: JSON.stringify(vote) };
  }
  return { method: "GET", path: options.paths[n % options.paths.length] ?? moviesPath(n), body: undefined };
}

function moviesPath(n: number): string {
  const film = 1 + (n % films);
  const user = 1 + (n % users);
  const paths = ["/", `/api/home?user=${user}`, `/film/${film}`, `/api/film/${film}`, "/api/whoami"];
  return paths[n % paths.length] ?? "/";
}
