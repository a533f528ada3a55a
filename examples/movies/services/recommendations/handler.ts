import type { Film } from "../shared/films.ts";
import { type Handler, sendJson, sendNotFound, target, wholeOf } from "../shared/http.ts";
import { recommend, similar, type Taste } from "./recommend.ts";

/** `GET /for/{user}?limit=` (asks users for the taste), `GET /similar/{film}?limit=`. */
export function recommendationsHandler(films: readonly Film[], tasteOf: (user: number) => Promise<Taste>): Handler {
  const byId = new Map(films.map((film) => [film.id, film]));
  return async (req, res) => {
    const url = target(req);
    const limit = wholeOf(url, "limit", 12, 50);
    const user = /^\/for\/(\d+)$/.exec(url.pathname)?.[1];
    if (user !== undefined) return sendJson(res, 200, recommend(films, await tasteOf(Number(user)), limit));
    const film = byId.get(Number(/^\/similar\/(\d+)$/.exec(url.pathname)?.[1] ?? Number.NaN));
    return film === undefined ? sendNotFound(res, url.pathname) : sendJson(res, 200, similar(films, film, limit));
  };
}
