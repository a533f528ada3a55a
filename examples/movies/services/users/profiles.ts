export interface Profile {
  readonly id: number;
  readonly name: string;
  /** Genres, best liked first. */
  readonly likes: readonly string[];
  /** Films seen, by number. */
  readonly seen: readonly number[];
}

const names =
  "Ada Bram Cleo Dov Esme Finn Greta Hugo Ines Jonas Kaya Leif Mina Noor Otto Pia Quinn Rosa Sven Tara Ugo Vera Wim Xenia Yara Zeno";
const genres = [
  "comedy",
  "drama",
  "horror",
  "fantasy",
  "western",
  "science fiction",
  "crime",
  "adventure",
  "animation",
];

/** A few dozen made-up people with tastes that differ. */
export function makeProfiles(films: number): Profile[] {
  return names.split(" ").map((name, index) => ({
    id: index + 1,
    name,
    likes: [0, 2, 5].map((step) => genres[(index * 2 + step) % genres.length] ?? "drama"),
    seen: Array.from({ length: 12 }, (_, i) => 1 + ((index * 37 + i * 41) % films)),
  }));
}
