import { serve } from "holdfast";
import { readFilms } from "../shared/films.ts";
import { usersHandler } from "./handler.ts";
import { makeProfiles } from "./profiles.ts";

await serve({ name: "users", handler: usersHandler(makeProfiles(readFilms().length)) });
