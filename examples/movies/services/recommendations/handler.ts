import type { Film } from "../shared/films.ts";
import { type Handler, sendJson, sendNotFound, target, wholeOf } from "../shared/http.ts";
import { recommend, similar, type Taste } from "./recommend.ts";

/** `GET /for/{user}?limit=` (asks users for the taste), `GET /similar/{film}?limit=`. */
export function recommendationsHandler(films: readonly Film[], tasteOf: (user: number) => Promise<Taste>): Handler {
  const byId = new Map(films.map((film) => [film.id, film]));
  const remembered = remember(rememberedMax);
  return async (req, res) => {
    const url = target(req);
    const limit = wholeOf(url, "limit", 12, 50);
    const user = /^\/for\/(\d+)$/.exec(url.pathname)?.[1];
    if (user !== undefined) {
      const taste = await tasteOf(Number(user));
      const key = `${taste.likes.join()} ${taste.seen.join()} ${limit}`;
      return sendJson(
        res,
        200,
        remembered(key, () => recommend(films, taste, limit)),
      );
    }
    const film = byId.get(Number(/^\/similar\/(\d+)$/.exec(url.pathname)?.[1] ?? Number.NaN));
    if (film === undefined) return sendNotFound(res, url.pathname);
    sendJson(
      res,
      200,
      remembered(`${film.id} ${limit}`, () => similar(films, film, limit)),
    );
  };
}

/** Advice for the same taste is the same: kept for up to `max` questions, then begun anew. */
function remember(max: number): (key: string, work: () => number[]) => number[] {
  const answers = new Map<string, number[]>();
  return (key, work) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (answers.size >= max) answers.clear();
    const answer = work();
    answers.set(key, answer);
    return answer;
  };
}

const rememberedMax = 2_000;
