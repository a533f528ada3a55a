import type { Film } from "../shared/films.ts";
import { type Handler, sendJson, sendNotFound, target, wholeOf } from "../shared/http.ts";

/** Lists in one call of `/rows`. */
const rowsMax = 20;

/**
 * `GET /titles?ids=1,2 | genre= | director= | search= &offset=&limit=`, `GET /titles/{id}`, `GET /genres`, and several lists in
 * one call: `GET /rows?row=<query>&row=<query>`.
 */
export function catalogHandler(films: readonly Film[]): Handler {
  const byId = new Map(films.map((film) => [film.id, film]));
  const genres = [...new Set(films.map((film) => film.genre))].toSorted();
  return (req, res) => {
    const url = target(req);
    if (url.pathname === "/genres") return sendJson(res, 200, genres);
    if (url.pathname === "/titles") return sendJson(res, 200, find(films, byId, url));
    if (url.pathname === "/rows") {
      const queries = url.searchParams.getAll("row").slice(0, rowsMax);
      return sendJson(
        res,
        200,
        queries.map((query) => find(films, byId, new URL(`http://movies/titles?${query}`))),
      );
    }
    const id = /^\/titles\/(\d+)$/.exec(url.pathname)?.[1];
    const film = id === undefined ? undefined : byId.get(Number(id));
    return film === undefined ? sendNotFound(res, url.pathname) : sendJson(res, 200, film);
  };
}

function find(films: readonly Film[], byId: ReadonlyMap<number, Film>, url: URL): readonly Film[] {
  const ids = url.searchParams.get("ids");
  if (ids !== null)
    return ids
      .split(",")
      .slice(0, 200)
      .flatMap((id) => byId.get(Number(id)) ?? []);
  const [genre, director] = [url.searchParams.get("genre"), url.searchParams.get("director")];
  const search = url.searchParams.get("search")?.toLowerCase();
  const found = films.filter(
    (film) =>
      (genre === null || film.genre === genre) &&
      (director === null || film.director === director) &&
      (search === undefined || film.title.toLowerCase().includes(search)),
  );
  const offset = wholeOf(url, "offset", 0, films.length);
  return found.slice(offset, offset + wholeOf(url, "limit", 50, 200));
}
