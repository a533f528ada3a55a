import { serve } from "holdfast";
import { ratingsHandler } from "./handler.ts";
import { RatingStore } from "./store.ts";

// Written to the log at once: it outlives this process, and tells how often each vote was executed.
const store = new RatingStore((vote) =>
  process.stdout.write(`${JSON.stringify({ event: "rating.counted", ...vote })}\n`),
);

await serve({ name: "ratings", handler: ratingsHandler(store) });
