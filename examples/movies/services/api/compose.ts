import type { Film } from "../shared/films.ts";

/** How the API asks another service: path in, JSON out. */
export interface Asks {
  json<T>(path: string, init?: { readonly timeoutMs?: number }): Promise<T>;
}

export interface Backends {
  readonly catalog: Asks;
  readonly ratings: Asks;
  readonly recommendations: Asks;
  readonly users: Asks;
}

export interface RatedFilm extends Film {
  readonly stars: number;
  readonly votes: number;
}

export interface Row {
  readonly title: string;
  /** Shown when the row is not what was asked for. */
  readonly note: string;
  readonly films: readonly RatedFilm[];
}

export interface HomePage {
  readonly user: { readonly id: number; readonly name: string };
  readonly rows: readonly Row[];
}

/** Nobody waits longer than this for advice or stars: the page is shown without them. */
const extrasMaxMs = 300;
/** Well known enough to show when there is no advice. */
const popularSearches = ["Nosferatu", "Metropolis", "The General", "Safety Last!", "The Gold Rush", "Sunrise", "Wings"];

/** The rows of the home page. Recommendations, people and stars may fail; the catalog may not. */
export async function homePage(backends: Backends, userId: number): Promise<HomePage> {
  const [user, advised, lists] = await Promise.all([
    backends.users.json<{ id: number; name: string }>(`/users/${userId}`).catch(() => ({ id: userId, name: "Guest" })),
    backends.recommendations
      .json<number[]>(`/for/${userId}?limit=12`, { timeoutMs: extrasMaxMs })
      .catch(() => undefined),
    rows(backends, ["genre=comedy&limit=12&offset=30", "genre=horror&limit=12&offset=8", "limit=12&offset=0"]),
  ]);
  const first =
    advised === undefined
      ? { title: "Popular titles", note: "Recommendations are resting.", films: await popular(backends) }
      : {
          title: `Because it is you, ${user.name}`,
          note: "",
          films: await titles(backends, `ids=${advised.join(",")}`),
        };
  const headings = ["Slapstick", "Shadows", "The very beginning"];
  const plain = [first, ...headings.map((title, i) => ({ title, note: "", films: lists[i] ?? [] }))];
  return { user, rows: await withStars(backends, plain) };
}

/** One film with its stars and what is like it. */
export async function filmPage(backends: Backends, id: number): Promise<{ film: RatedFilm; alike: Row }> {
  const film = await backends.catalog.json<Film>(`/titles/${id}`);
  const advised = await backends.recommendations
    .json<number[]>(`/similar/${id}?limit=12`, { timeoutMs: extrasMaxMs })
    .catch(() => undefined);
  const alike =
    advised === undefined
      ? {
          title: `More ${film.genre}`,
          note: "Recommendations are resting.",
          films: await titles(backends, `genre=${encodeURIComponent(film.genre)}&limit=12`),
        }
      : { title: "People also liked", note: "", films: await titles(backends, `ids=${advised.join(",")}`) };
  const [row] = await withStars(backends, [{ ...alike, films: [film, ...alike.films] }]);
  const [rated, ...others] = row?.films ?? [];
  return { film: rated ?? { ...film, stars: 0, votes: 0 }, alike: { ...alike, films: others } };
}

function titles(backends: Backends, query: string): Promise<Film[]> {
  return backends.catalog.json<Film[]>(`/titles?${query}`);
}

/** Several lists of the catalog in one call. */
function rows(backends: Backends, queries: readonly string[]): Promise<Film[][]> {
  return backends.catalog.json<Film[][]>(
    `/rows?${queries.map((query) => `row=${encodeURIComponent(query)}`).join("&")}`,
  );
}

async function popular(backends: Backends): Promise<Film[]> {
  return (
    await rows(
      backends,
      popularSearches.map((title) => `search=${encodeURIComponent(title)}&limit=1`),
    )
  ).flat();
}

interface PlainRow extends Omit<Row, "films"> {
  readonly films: readonly Film[];
}

async function withStars(backends: Backends, rows: readonly PlainRow[]): Promise<Row[]> {
  const ids = [...new Set(rows.flatMap((row) => row.films.map((film) => film.id)))];
  const ratings = await backends.ratings
    .json<{ film: number; average: number; count: number }[]>(`/ratings?films=${ids.join(",")}`, {
      timeoutMs: extrasMaxMs,
    })
    .catch(() => []);
  const byFilm = new Map(ratings.map((rating) => [rating.film, rating]));
  return rows.map((row) => ({
    ...row,
    films: row.films.map((film) => {
      const rating = byFilm.get(film.id);
      return { ...film, stars: rating?.average ?? 0, votes: rating?.count ?? 0 };
    }),
  }));
}
