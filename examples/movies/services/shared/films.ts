import { readFileSync } from "node:fs";

export interface Film {
  readonly id: number;
  readonly title: string;
  readonly year: number;
  readonly director: string;
  readonly genre: string;
}

/** Reads `title|year|director|genre` lines; a film's id is its place in the file. */
export function parseFilms(text: string): Film[] {
  const films: Film[] = [];
  for (const line of text.split("\n")) {
    const [title, year, director, genre] = line.split("|");
    if (line.startsWith("#") || !title || !year || !director || !genre) continue;
    films.push({ id: films.length + 1, title, year: Number(year), director, genre });
  }
  return films;
}

export function readFilms(path = "data/films.txt"): Film[] {
  return parseFilms(readFileSync(path, "utf8"));
}
