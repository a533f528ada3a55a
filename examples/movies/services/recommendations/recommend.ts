import type { Film } from "../shared/films.ts";

export interface Taste {
  readonly likes: readonly string[];
  readonly seen: readonly number[];
}

const genreWeight = 3;
const directorWeight = 2;
const eraWeight = 1;

/** Scores each unseen film by liked genre, by directors and decades of the films seen; the best `limit`. */
export function recommend(films: readonly Film[], taste: Taste, limit: number): number[] {
  const seen = new Set(taste.seen);
  const directors = count(films, seen, (film) => film.director);
  const decades = count(films, seen, (film) => String(Math.floor(film.year / 10)));
  const score = (film: Film): number => {
    const place = taste.likes.indexOf(film.genre);
    const liked = place < 0 ? 0 : genreWeight / (place + 1);
    const director = Math.min(1, directors.get(film.director) ?? 0) * directorWeight;
    return liked + director + ((decades.get(String(Math.floor(film.year / 10))) ?? 0) / 12) * eraWeight;
  };
  return films
    .filter((film) => !seen.has(film.id))
    .map((film) => ({ id: film.id, score: score(film) }))
    .toSorted((a, b) => b.score - a.score || a.id - b.id)
    .slice(0, limit)
    .map((film) => film.id);
}

/** Films that people who like this one also like: same director first, then genre and nearness in time. */
export function similar(films: readonly Film[], film: Film, limit: number): number[] {
  const score = (other: Film): number =>
    (other.director === film.director ? 4 : 0) +
    (other.genre === film.genre ? 3 : 0) -
    Math.abs(other.year - film.year) / 10;
  return films
    .filter((other) => other.id !== film.id)
    .toSorted((a, b) => score(b) - score(a) || a.id - b.id)
    .slice(0, limit)
    .map((other) => other.id);
}

function count(films: readonly Film[], seen: ReadonlySet<number>, key: (film: Film) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const film of films) if (seen.has(film.id)) counts.set(key(film), (counts.get(key(film)) ?? 0) + 1);
  return counts;
}
