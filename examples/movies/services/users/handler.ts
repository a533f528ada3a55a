import { type Handler, sendJson, sendNotFound, target } from "../shared/http.ts";
import type { Profile } from "./profiles.ts";

/** `GET /users`, `GET /users/{id}`. */
export function usersHandler(profiles: readonly Profile[]): Handler {
  const byId = new Map(profiles.map((profile) => [profile.id, profile]));
  return (req, res) => {
    const url = target(req);
    if (url.pathname === "/users")
      return sendJson(
        res,
        200,
        profiles.map(({ id, name }) => ({ id, name })),
      );
    const profile = byId.get(Number(/^\/users\/(\d+)$/.exec(url.pathname)?.[1] ?? Number.NaN));
    return profile === undefined ? sendNotFound(res, url.pathname) : sendJson(res, 200, profile);
  };
}
