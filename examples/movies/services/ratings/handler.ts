import { type Handler, readJson, sendJson, sendNotFound, target, wholeOf } from "../shared/http.ts";
import type { RatingStore, Vote } from "./store.ts";

/** `GET /ratings?films=1,2,3`, `POST /ratings {id, film, stars}`, `GET /recent?limit=`. */
export function ratingsHandler(store: RatingStore): Handler {
  return async (req, res) => {
    const url = target(req);
    if (url.pathname === "/recent") return sendJson(res, 200, store.recent(wholeOf(url, "limit", 20, 10_000)));
    if (url.pathname !== "/ratings") return sendNotFound(res, url.pathname);
    if (req.method !== "POST") {
      const films = (url.searchParams.get("films") ?? "").split(",").filter(Boolean).slice(0, 200);
      return sendJson(
        res,
        200,
        films.map((film) => store.rating(Number(film))),
      );
    }
    const vote = readVote(await readJson(req));
    if (vote === undefined) return sendJson(res, 400, { error: "a rating needs id, film, and stars from 1 to 5" });
    return sendJson(res, 201, store.vote(vote));
  };
}

function readVote(body: unknown): Vote | undefined {
  if (typeof body !== "object" || body === null || !("id" in body) || !("film" in body) || !("stars" in body))
    return undefined;
  const { id, film, stars } = body;
  if (typeof id !== "string" || id.length === 0 || id.length > 64) return undefined;
  if (typeof film !== "number" || !Number.isInteger(film) || film < 1) return undefined;
  if (typeof stars !== "number" || !Number.isInteger(stars) || stars < 1 || stars > 5) return undefined;
  return { id, film, stars };
}
