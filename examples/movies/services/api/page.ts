import { randomUUID } from "node:crypto";
import type { FilmPage, HomePage, RatedFilm, Review, Row } from "./compose.ts";
import { pulseScript, rateScript, style } from "./page-assets.ts";

/** Which instance made this page. */
export interface Answerer {
  readonly instance: string;
  readonly zone: string;
}

/** So many take turns. */
const sofa = 20;

export function renderHome(page: HomePage, who: Answerer): string {
  return frame("Silents", `${page.rows.map(renderRow).join("")}`, who, greet(page.user));
}

export function renderFilm(page: FilmPage, who: Answerer): string {
  const { film } = page;
  const stars = [1, 2, 3, 4, 5]
    .map((n) => `<button data-stars="${n}" aria-label="${n} of 5 stars">★</button>`)
    .join("");
  const body = `<article class="film"><div class="poster big" style="${colours(film)}"><b>${escape(film.title)}</b><i>${film.year}</i></div>
<div><h1>${escape(film.title)}</h1><p>${film.year} · ${escape(film.director)} · ${escape(film.genre)}</p>
<p class="stars" id="average">${starText(film)}</p>
<form id="rate" data-film="${film.id}" data-id="${randomUUID()}">${stars}</form><p id="thanks" role="status"></p></div></article>
${renderReviews(page.reviews)}${renderRow(page.alike)}<script>${rateScript}</script>`;
  return frame(film.title, body, who, "");
}

function renderReviews(reviews: readonly Review[]): string {
  if (reviews.length === 0) return "";
  const quotes = reviews.map(({ by, text }) => `<blockquote>${escape(text)} <cite>${escape(by)}</cite></blockquote>`);
  return `<section class="reviews"><h2>What people wrote</h2>${quotes.join("")}</section>`;
}

function renderRow(row: Row): string {
  const note = row.note === "" ? "" : ` <small class="note">${escape(row.note)}</small>`;
  const films = row.films
    .map(
      (film) =>
        `<a class="poster" style="${colours(film)}" href="/film/${film.id}"><b>${escape(film.title)}</b><span>${escape(film.director)}</span><i>${film.year} · ${starText(film)}</i></a>`,
    )
    .join("");
  return `<section><h2>${escape(row.title)}${note}</h2><div class="row">${films}</div></section>`;
}

/** Who watches, and a button for the next one on the sofa. */
function greet(user: HomePage["user"]): string {
  const next = (user.id % sofa) + 1;
  return `<form class="who" method="post" action="/watch-as/${next}">${escape(user.name)} <button>someone else</button></form>`;
}

function frame(title: string, body: string, who: Answerer, greeting: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escape(title)}</title><link rel="icon" href="data:,"><style>${style}</style></head><body>
<header><a href="/">SILENTS</a>${greeting}</header><main>${body}</main>
<footer><span>this page: api <b>${escape(who.instance)}</b> in ${escape(who.zone)}</span><span id="pulse" role="status">…</span></footer>
<script>${pulseScript}</script></body></html>`;
}

function starText(film: RatedFilm): string {
  return film.votes === 0 ? "no stars yet" : `★ ${film.stars.toFixed(1)} (${film.votes})`;
}

/** A gradient of the film's own, from its number. */
function colours(film: RatedFilm): string {
  const hue = (film.id * 47) % 360;
  return `--a:hsl(${hue} 45% 30%);--b:hsl(${(hue + 50) % 360} 55% 14%)`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
