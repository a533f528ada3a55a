import type { IncomingMessage, ServerResponse } from "node:http";
import { type Handler, readJson, sendJson, sendNotFound, target } from "../shared/http.ts";
import { type Backends, FilmUnknownError, filmPage, homePage } from "./compose.ts";
import { type Answerer, renderFilm, renderHome } from "./page.ts";

interface Poster {
  fetch(path: string, init: { method: string; body: string; headers: Record<string, string> }): Promise<Response>;
}

/**
 * The page (`/`, `/film/{id}`) and the JSON behind it: `/api/home`, `/api/film/{id}`, `/api/whoami`, `POST /api/ratings`, and
 * `GET /api/ratings`, the latest votes of whichever ratings instance answers. `POST /watch-as/{user}` says who watches from now on.
 */
export function apiHandler(backends: Backends & { readonly ratings: Poster }, who: Answerer): Handler {
  return async (req, res) => {
    const url = target(req);
    const user = userOf(req, url);
    const film = Number(/^(?:\/api)?\/film\/(\d+)$/.exec(url.pathname)?.[1] ?? Number.NaN);
    if (url.pathname === "/") return sendHtml(res, renderHome(await homePage(backends, user), who));
    if (/^\/watch-as\/\d{1,4}$/.test(url.pathname)) return watchAs(req, res, Number(url.pathname.slice(10)));
    if (url.pathname === "/api/home") return sendJson(res, 200, await homePage(backends, user));
    if (url.pathname === "/api/whoami") return sendJson(res, 200, who);
    if (url.pathname === "/api/ratings") {
      if (req.method === "POST") return rate(backends.ratings, req, res);
      return sendJson(res, 200, await backends.ratings.json("/recent?limit=20"));
    }
    if (Number.isNaN(film)) return sendNotFound(res, url.pathname);
    try {
      const page = await filmPage(backends, film);
      return url.pathname.startsWith("/api") ? sendJson(res, 200, page) : sendHtml(res, renderFilm(page, who));
    } catch (error) {
      if (error instanceof FilmUnknownError) return sendNotFound(res, url.pathname);
      throw error;
    }
  };
}

const watching = "watching";

/** Who watches: the address says, or the visitor's cookie. No instance keeps it: any of them may end at any time. */
function userOf(req: IncomingMessage, url: URL): number {
  const cookie = new RegExp(`(?:^|; *)${watching}=(\\d{1,4})(?:;|$)`).exec(req.headers.cookie ?? "")?.[1];
  return Number(url.searchParams.get("user") ?? cookie ?? 1) || 1;
}

function watchAs(req: IncomingMessage, res: ServerResponse, user: number): void {
  if (req.method !== "POST") return void res.writeHead(405, { allow: "POST", "content-length": 0 }).end();
  const cookie = `${watching}=${user}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000`;
  res.writeHead(303, { location: "/", "set-cookie": cookie, "content-length": 0 }).end();
}

async function rate(ratings: Poster, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = JSON.stringify((await readJson(req)) ?? null);
  const answer = await ratings.fetch("/ratings", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  sendJson(res, answer.status, await answer.json());
}

function sendHtml(res: ServerResponse, html: string): void {
  res
    .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-length": Buffer.byteLength(html) })
    .end(html);
}
