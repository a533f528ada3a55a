import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type Asks, type Backends, filmPage, homePage } from "../services/api/compose.ts";
import { apiHandler } from "../services/api/handler.ts";
import { renderFilm, renderHome } from "../services/api/page.ts";
import { warmUp } from "../services/api/warm-up.ts";
import { catalogHandler } from "../services/catalog/handler.ts";
import { ratingsHandler } from "../services/ratings/handler.ts";
import { RatingStore } from "../services/ratings/store.ts";
import { recommend, similar } from "../services/recommendations/recommend.ts";
import { type Film, readFilms } from "../services/shared/films.ts";
import type { Handler } from "../services/shared/http.ts";
import { makeProfiles } from "../services/users/profiles.ts";

const films = readFilms(join(import.meta.dirname, "../data/films.txt"));

/** A service's handler asked without a socket. */
function ask(handler: Handler): Asks {
  return {
    json: <T>(path: string) =>
      new Promise<T>((resolve, reject) => {
        let status = 0;
        const res = {
          writeHead: (code: number) => {
            status = code;
            return res;
          },
          end: (text: string) => (status < 300 ? resolve(JSON.parse(text)) : reject(new Error(`status ${status}`))),
        };
        void handler({ url: path, method: "GET" } as never, res as never);
      }),
  };
}

const down: Asks = { json: () => Promise.reject(new Error("down")) };

function backends(more: Partial<Backends> = {}): Backends {
  const profiles = makeProfiles(films.length);
  const advice: Asks = {
    json: <T>() => Promise.resolve(recommend(films, profiles[0] ?? { likes: [], seen: [] }, 12) as T),
  };
  return {
    catalog: ask(catalogHandler(films)),
    ratings: down,
    recommendations: advice,
    reviews: { json: <T>() => Promise.resolve({ reviews: [{ by: "Ada", text: "Silent & <loud>." }] } as T) },
    users: { json: <T>(path: string) => Promise.resolve(profiles[Number(path.split("/").at(-1)) - 1] as T) },
    ...more,
  };
}

test("the catalog has hundreds of different films, all from before 1930", () => {
  assert.ok(films.length >= 300, `${films.length}`);
  assert.equal(new Set(films.map((film) => `${film.title} ${film.year}`)).size, films.length);
  for (const film of films) assert.ok(film.year >= 1888 && film.year < 1930, `${film.title} ${film.year}`);
});

test("a visitor sees films chosen for them, and popular ones with a note when recommendations are down", async () => {
  const page = await homePage(backends(), 1);
  assert.equal(page.rows[0]?.title, "Because it is you, Ada");
  assert.equal(page.rows[0]?.films.length, 12);
  const resting = await homePage(backends({ recommendations: down, users: down }), 1);
  assert.equal(resting.user.name, "Guest");
  assert.deepEqual([resting.rows[0]?.title, resting.rows[0]?.note], ["Popular titles", "Recommendations are resting."]);
  assert.ok(resting.rows[0]?.films.some((film) => film.title === "Nosferatu"));
  assert.match(renderHome(resting, { instance: "i-1", zone: "z" }), /Recommendations are resting/);
});

test("a film's page shows what is like it even when advice and stars are down", async () => {
  const nosferatu = films.find((film) => film.title === "Nosferatu");
  assert.ok(nosferatu);
  const page = await filmPage(backends({ recommendations: down }), nosferatu.id);
  assert.equal(page.film.title, "Nosferatu");
  assert.equal(page.alike.note, "Recommendations are resting.");
  assert.ok(page.alike.films.every((film) => film.genre === "horror"));
  assert.deepEqual(page.reviews, [{ by: "Ada", text: "Silent & <loud>." }]);
  assert.match(renderFilm(page, { instance: "i-1", zone: "z" }), /Silent &amp; &lt;loud&gt;\. <cite>Ada/);
  const unread = await filmPage(backends({ reviews: down }), nosferatu.id);
  assert.deepEqual(unread.reviews, []);
  assert.doesNotMatch(renderFilm(unread, { instance: "i-1", zone: "z" }), /What people wrote/);
});

test("recommendations leave out what was seen and put liked genres first", () => {
  const seen = films.slice(0, 20).map((film) => film.id);
  const advised = recommend(films, { likes: ["western"], seen }, 5);
  const genres = advised.map((id) => films.find((film) => film.id === id)?.genre);
  assert.deepEqual(new Set(genres), new Set(["western"]));
  assert.ok(advised.every((id) => !seen.includes(id)));
  const general = films.find((film) => film.title === "The General") as Film;
  assert.ok(
    similar(films, general, 3).every((id) => films.find((film) => film.id === id)?.director === "Buster Keaton"),
  );
});

test("a vote moves the average and is counted as often as it comes", () => {
  const store = new RatingStore();
  const before = store.rating(7);
  const after = store.vote({ id: "v-1", film: 7, stars: 5 });
  assert.equal(after.count, before.count + 1);
  assert.ok(after.average > before.average);
  store.vote({ id: "v-1", film: 7, stars: 5 });
  assert.deepEqual(
    store.recent(10).map((vote) => vote.id),
    ["v-1", "v-1"],
  );
});

test("titles with markup in them are shown as text", () => {
  const film = { id: 1, title: '<script>"x"', year: 1900, director: "A & B", genre: "drama", stars: 0, votes: 0 };
  const page = { user: { id: 1, name: "Ada" }, rows: [{ title: "Row", note: "", films: [film] }] };
  const html = renderHome(page, { instance: "i-1", zone: "z" });
  assert.match(html, /&lt;script&gt;&quot;x&quot;/);
  assert.match(html, /A &amp; B/);
});

test("an instance makes pages before it serves, looks again for what is not there yet, and never waits longer than it may", async () => {
  let asked = 0;
  const counting: Asks = {
    json: (path) => {
      asked += 1;
      return ask(catalogHandler(films)).json(path);
    },
  };
  await warmUp(backends({ catalog: counting }));
  assert.ok(asked >= 20, `${asked}`);

  asked = 0;
  const failing: Asks = { json: () => (asked++, Promise.reject(new Error("not yet"))) };
  await warmUp(backends({ catalog: failing }), 250);
  assert.ok(asked >= 2 && asked <= 12, `${asked}`);

  const hanging: Asks = { json: () => new Promise(() => {}) };
  const from = performance.now();
  await warmUp(backends({ catalog: hanging }), 50);
  assert.ok(performance.now() - from < 1_000);
});

/** Ratings and the API in front of it, over real sockets. */
async function withRatings(work: (url: string, store: RatingStore) => Promise<void>): Promise<void> {
  const store = new RatingStore();
  const ratings = createServer(ratingsHandler(store));
  await new Promise<void>((resolve) => ratings.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(ratings.address() as AddressInfo).port}`;
  const poster = {
    json: async <T>(path: string) => (await (await fetch(base + path)).json()) as T,
    fetch: (path: string, init: RequestInit) => fetch(base + path, init),
  };
  const api = createServer(apiHandler({ ...backends(), ratings: poster }, { instance: "i-1", zone: "z" }));
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(api.address() as AddressInfo).port}`, store);
  } finally {
    for (const server of [api, ratings]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

test("who watches is the visitor's to keep: said once, it is in each request, and the address comes first", async () => {
  await withRatings(async (url) => {
    const named = async (path: string, cookie = ""): Promise<number> => {
      const page = (await (await fetch(url + path, { headers: { cookie } })).json()) as { user: { id: number } };
      return page.user.id;
    };
    const answer = await fetch(`${url}/watch-as/7`, { method: "POST", redirect: "manual" });
    assert.equal(answer.status, 303);
    assert.match(answer.headers.get("set-cookie") ?? "", /^watching=7; .*HttpOnly; SameSite=Lax/);
    assert.equal(await named("/api/home", "a=1; watching=7"), 7);
    assert.equal(await named("/api/home?user=3", "watching=7"), 3);
    assert.equal(await named("/api/home", "watching=nobody; unwatching=9"), 1);
    assert.equal((await fetch(`${url}/watch-as/7`)).status, 405);
    assert.equal((await fetch(`${url}/watch-as/x`, { method: "POST" })).status, 404);
  });
});

test("a rating goes through the API once, is listed, and nonsense is refused with 400", async () => {
  await withRatings(async (url, store) => {
    const post = (body: string): Promise<Response> => fetch(`${url}/api/ratings`, { method: "POST", body });
    assert.equal((await post(JSON.stringify({ id: "v-9", film: 3, stars: 4 }))).status, 201);
    const bad = [
      "",
      "no json",
      "null",
      '{"id":"v-1","film":3,"stars":6}',
      '{"id":"v-1","film":0,"stars":1}',
      `{"id":"${"x".repeat(65)}","film":3,"stars":4}`,
      `{"id":"v-1","film":3,"stars":4,"more":"${"x".repeat(20_000)}"}`,
    ];
    for (const body of bad) assert.equal((await post(body)).status, 400, body.slice(0, 40));
    const listed = (await (await fetch(`${url}/api/ratings`)).json()) as { id: string }[];
    assert.deepEqual(
      listed.map((vote) => vote.id),
      ["v-9"],
    );
    assert.deepEqual(store.recent(10), [{ id: "v-9", film: 3, stars: 4 }]);
    for (const path of ["/nowhere", "/film/99999", "/api/film/0"]) {
      assert.equal((await fetch(url + path)).status, 404, path);
    }
    assert.match(await (await fetch(`${url}/film/3`)).text(), /People also liked/);
  });
});
