import { type Backends, filmPage, homePage } from "./compose.ts";
import { renderFilm, renderHome } from "./page.ts";

/** Pages of each kind made before the first visitor comes. */
const pages = 10;
const nobody = { instance: "nobody", zone: "nowhere" };

/**
 * Makes pages for nobody: connections are opened and code is compiled. A cold instance put behind full traffic makes its first
 * visitors wait for both: over a second at 200 requests a second on two cores, and no failure with this. When the whole
 * application starts at once the others are not there yet: it looks again each 100 ms, and gives up after `maxMs`.
 */
export async function warmUp(backends: Backends, maxMs = 2_000): Promise<void> {
  const endAtMs = performance.now() + maxMs;
  for (let made = 0; made < pages && performance.now() < endAtMs; ) {
    try {
      await within(endAtMs, onePageOfEach(backends, made + 1));
      made += 1;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Waits for `work`, but not past `endAtMs`. */
async function within(endAtMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, endAtMs - performance.now()));
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function onePageOfEach(backends: Backends, n: number): Promise<void> {
  renderHome(await homePage(backends, n), nobody);
  renderFilm(await filmPage(backends, n), nobody);
}
