import { serve } from "holdfast";
import { readFilms } from "../shared/films.ts";
import { catalogHandler } from "./handler.ts";

await serve({ name: "catalog", handler: catalogHandler(readFilms()) });
