import { client, serve } from "holdfast";
import { readFilms } from "../shared/films.ts";
import { recommendationsHandler } from "./handler.ts";
import type { Taste } from "./recommend.ts";

const users = client("users");
const tasteOf = (user: number): Promise<Taste> => users.json<Taste>(`/users/${user}`);

await serve({ name: "recommendations", handler: recommendationsHandler(readFilms(), tasteOf) });
