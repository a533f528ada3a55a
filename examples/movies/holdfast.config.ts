import { spawnSync } from "node:child_process";
import { defineApp } from "holdfast";

/** One service is written in Python. Without it all the others run, and films have no reviews. */
const hasPython = spawnSync("python3", ["--version"], { stdio: "ignore" }).status === 0;
if (!hasPython) console.error("reviews: left out, for it needs python3 and there is none on PATH");

const reviews = {
  directory: "services/reviews",
  run: "python3 app.py",
  sidecar: true,
  // A container image has Node and nothing else.
  engine: "process" as const,
  health: { path: "/healthcheck" },
};

/** Six services, three instances of each, one in every zone. `bundle` makes each a single file: quicker to start, smaller. */
export default defineApp({
  name: "movies",
  services: {
    api: { run: "node services/api/main.ts", bundle: true },
    catalog: { run: "node services/catalog/main.ts", bundle: true },
    ratings: { run: "node services/ratings/main.ts", bundle: true },
    // May be scaled to none: the pages then show popular titles instead.
    recommendations: { run: "node services/recommendations/main.ts", bundle: true, scale: { min: 0, desired: 3 } },
    ...(hasPython ? { reviews } : {}),
    users: { run: "node services/users/main.ts", bundle: true },
  },
  routes: [{ match: "/**", to: "api" }],
});
