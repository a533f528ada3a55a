import type { Film } from "../shared/films.ts";

/** How the API asks another service: path in, JSON out. */
export interface Asks {
  json<T>(path: string, init?: { readonly timeoutMs?: number }): Promise<T>;
}

export interface Backends {
  readonly catalog: Asks;
  readonly ratings: Asks;
  readonly recommendations: Asks;
  readonly reviews: Asks;
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

export interface Review {
  readonly by: string;
  readonly text: string;
}

export interface FilmPage {
  readonly film: RatedFilm;
  readonly alike: Row;
  /** Empty when nobody wrote, or they do not come in time. */
  readonly reviews: readonly Review[];
}

/** Nobody waits longer than this for advice or stars: the page is shown without them. */
const extrasMaxMs = 300;
/** Well known enough to show when there is no advice. */
const popularSearches = ["Nosferatu", "Metropolis", "The General", "Safety Last!", "The Gold Rush", "Sunrise", "Wings"];
const restingNote = "Recommendations are resting.";
const headings = ["Slapstick", "Shadows", "The very beginning"];
const headingQueries = ["genre=comedy&limit=12&offset=30", "genre=horror&limit=12&offset=8", "limit=12&offset=0"];

/** The rows of the home page. Recommendations, people and stars may fail; the catalog may not. */
export async function homePage(backends: Backends, userId: number): Promise<HomePage> {
  const [user, advised] = await Promise.all([
    backends.users
      .json<{ id: number; name: string }>(`/users/${userId}`, { timeoutMs: extrasMaxMs })
      .catch(() => ({ id: userId, name: "Guest" })),
    advice(backends, `/for/${userId}`),
  ]);
  const isAdvised = advised !== undefined;
  const firstQueries = isAdvised
    ? [`ids=${advised.join(",")}`]
    : popularSearches.map((title) => `search=${encodeURIComponent(title)}&limit=1`);
  const lists = await rows(backends, [...headingQueries, ...firstQueries]);
  const films = lists.slice(headingQueries.length).flat();
  const first = isAdvised
    ? { title: `Because it is you, ${user.name}`, note: "", films }
    : { title: "Popular titles", note: restingNote, films };
  const plain = [first, ...headings.map((title, i) => ({ title, note: "", films: lists[i] ?? [] }))];
  const ratings = await starsOf(backends, [...new Set(plain.flatMap((row) => row.films.map((film) => film.id)))]);
  return { user, rows: plain.map((row) => ({ ...row, films: row.films.map((film) => rated(film, ratings)) })) };
}

/**
 * One film with its stars, what people wrote and what is like it.
 *
 * @throws `FilmUnknownError` when the catalog has no such film.
 */
export async function filmPage(backends: Backends, id: number): Promise<FilmPage> {
  const [advised, reviews] = await Promise.all([advice(backends, `/similar/${id}`), reviewsOf(backends, id)]);
  const ids = [id, ...(advised ?? [])];
  const [[film, ...alike], stars] = await Promise.all([
    backends.catalog.json<Film[]>(`/titles?ids=${ids.join(",")}`),
    starsOf(backends, ids),
  ]);
  if (film === undefined || film.id !== id) throw new FilmUnknownError(id);
  if (advised !== undefined) {
    const row = { title: "People also liked", note: "", films: alike.map((other) => rated(other, stars)) };
    return { film: rated(film, stars), alike: row, reviews };
  }
  const sameGenre = await backends.catalog.json<Film[]>(`/titles?genre=${encodeURIComponent(film.genre)}&limit=12`);
  const films = sameGenre.filter((other) => other.id !== id).map((other) => rated(other, stars));
  return { film: rated(film, stars), alike: { title: `More ${film.genre}`, note: restingNote, films }, reviews };
}

export class FilmUnknownError extends Error {
  constructor(id: number) {
    super(`film ${id}: not in the catalog`);
  }
}

/** Numbers of films; `undefined` when there is no advice in time. */
function advice(backends: Backends, path: string): Promise<number[] | undefined> {
  return backends.recommendations.json<number[]>(`${path}?limit=12`, { timeoutMs: extrasMaxMs }).catch(() => undefined);
}

/** From a service in another language, behind a sidecar; where that cannot run there are none. */
async function reviewsOf(backends: Backends, film: number): Promise<readonly Review[]> {
  const said = await backends.reviews
    .json<{ reviews: Review[] }>(`/reviews?film=${film}`, { timeoutMs: extrasMaxMs })
    .catch(() => undefined);
  return said?.reviews ?? [];
}

/** Several lists of the catalog in one call. */
function rows(backends: Backends, queries: readonly string[]): Promise<Film[][]> {
  return backends.catalog.json<Film[][]>(
    `/rows?${queries.map((query) => `row=${encodeURIComponent(query)}`).join("&")}`,
  );
}

interface Stars {
  readonly film: number;
  readonly average: number;
  readonly count: number;
}

/** Empty when they do not come in time. */
async function starsOf(backends: Backends, films: readonly number[]): Promise<ReadonlyMap<number, Stars>> {
  const stars = await backends.ratings
    .json<Stars[]>(`/ratings?films=${films.join(",")}`, { timeoutMs: extrasMaxMs })
    .catch(() => []);
  return new Map(stars.map((one) => [one.film, one]));
}

function rated(film: Film, stars: ReadonlyMap<number, Stars>): RatedFilm {
  const known = stars.get(film.id);
  return { ...film, stars: known?.average ?? 0, votes: known?.count ?? 0 };
}
