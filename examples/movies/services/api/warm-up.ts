import { type Backends, filmPage, homePage } from "./compose.ts";
import { renderFilm, renderHome } from "./page.ts";

/** Pages of each kind made before the first visitor comes. */
const pages = 15;
const nobody = { instance: "nobody", zone: "nowhere" };

/**
 * Makes pages for nobody: connections are opened and code is compiled. A cold instance put behind full traffic makes its first
 * visitors wait for both: over a second at 200 requests a second on two cores, and no failure with this. Takes `maxMs` at
 * most, and ends at the first failure: when nothing else is there yet, there is nothing to warm up with.
 */
export async function warmUp(backends: Backends, maxMs = 1_000): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const bound = new Promise<"late">((resolve) => {
    late = setTimeout(() => resolve("late"), maxMs);
  });
  try {
    for (let n = 1; n <= pages; n++) {
      if ((await Promise.race([onePageOfEach(backends, n), bound])) === "late") return;
    }
  } catch {
    // What is missing now may be there when the first visitor comes.
  } finally {
    clearTimeout(late);
  }
}

async function onePageOfEach(backends: Backends, n: number): Promise<void> {
  renderHome(await homePage(backends, n), nobody);
  renderFilm(await filmPage(backends, n), nobody);
}
