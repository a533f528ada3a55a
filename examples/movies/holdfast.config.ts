import { defineApp } from "holdfast";

/** Five services, three instances of each, one in every zone. `bundle` makes each a single file: quicker to start, smaller. */
export default defineApp({
  name: "movies",
  services: {
    api: { run: "node services/api/main.ts", bundle: true },
    catalog: { run: "node services/catalog/main.ts", bundle: true },
    ratings: { run: "node services/ratings/main.ts", bundle: true },
    // May be scaled to none: the pages then show popular titles instead.
    recommendations: { run: "node services/recommendations/main.ts", bundle: true, scale: { min: 0, desired: 3 } },
    users: { run: "node services/users/main.ts", bundle: true },
  },
  routes: [{ match: "/**", to: "api" }],
});
