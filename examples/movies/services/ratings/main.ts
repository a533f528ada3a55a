import { serve } from "holdfast";
import { ratingsHandler } from "./handler.ts";
import { RatingStore } from "./store.ts";

await serve({ name: "ratings", handler: ratingsHandler(new RatingStore()) });
