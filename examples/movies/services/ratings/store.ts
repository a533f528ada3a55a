/** The stars of one film: what the archive says plus what this instance was told. */
export interface Rating {
  readonly film: number;
  readonly average: number;
  readonly count: number;
}

export interface Vote {
  readonly id: string;
  readonly film: number;
  readonly stars: number;
}

const recentMax = 10_000;

/**
 * Ratings start from made-up archive figures, the same in every instance. Votes are kept in this instance's memory only,
 * until the storage step gives them a home; each is counted as often as it arrives, so that a test can see duplicates.
 */
export class RatingStore {
  readonly #votes = new Map<number, { sum: number; count: number }>();
  readonly #recent: Vote[] = [];
  readonly #onVote: (vote: Vote) => void;

  constructor(onVote: (vote: Vote) => void = () => {}) {
    this.#onVote = onVote;
  }

  rating(film: number): Rating {
    const archive = archiveOf(film);
    const votes = this.#votes.get(film) ?? { sum: 0, count: 0 };
    const count = archive.count + votes.count;
    return { film, average: (archive.average * archive.count + votes.sum) / count, count };
  }

  vote(vote: Vote): Rating {
    const votes = this.#votes.get(vote.film) ?? { sum: 0, count: 0 };
    this.#votes.set(vote.film, { sum: votes.sum + vote.stars, count: votes.count + 1 });
    this.#recent.push(vote);
    this.#onVote(vote);
    if (this.#recent.length > recentMax) this.#recent.shift();
    return this.rating(vote.film);
  }

  /** The latest votes, newest first. */
  recent(limit: number): Vote[] {
    return this.#recent.slice(-limit).toReversed();
  }
}

/** Made up, but always the same: an integer hash of the film's number (Thomas Wang's mix). */
function archiveOf(film: number): { readonly average: number; readonly count: number } {
  let hash = Math.imul(film ^ 61 ^ (film >>> 16), 9);
  hash = Math.imul(hash ^ (hash >>> 4), 0x27d4eb2d);
  hash = (hash ^ (hash >>> 15)) >>> 0;
  return { average: 2.5 + (hash % 250) / 100, count: 20 + ((hash >>> 8) % 400) };
}
