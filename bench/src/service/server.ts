/**
 * One handler, served in different ways: `node server.ts <bare|serve|everything>`. Sends its port to its parent. `everything`: traced (as
 * the OTEL_ variables say), with an adaptive limit, checks and a component.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { serve } from "@holdfast/service";

const [mode = "bare"] = process.argv.slice(2);
const genres = ["horror", "comedy", "drama", "western"];
const films = Array.from({ length: 500 }, (_, id) => ({
  id,
  title: `Film ${id}`,
  year: 1_900 + (id % 30),
  director: "F. W. Murnau",
  genre: genres[id % genres.length],
}));

/** What a small catalog does: reads its query, looks, answers twenty films. */
function handler(req: IncomingMessage, res: ServerResponse): void {
  const genre = new URLSearchParams(req.url?.split("?")[1]).get("genre");
  const found = films.filter((film) => film.genre === genre).slice(0, 20);
  const body = JSON.stringify(found);
  res.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}

if (mode === "bare") {
  const server = createServer({ keepAliveTimeout: 65_000 }, handler);
  server.listen({ port: 0, host: "127.0.0.1" }, () => {
    const bound = server.address();
    process.send?.(typeof bound === "object" && bound !== null ? bound.port : 0);
  });
} else {
  const more =
    mode === "everything"
      ? {
          limit: "adaptive" as const,
          checks: [{ name: "film", check: () => films.length > 0 }],
          components: [{ name: "film", start: () => {} }],
        }
      : {};
  const service = await serve({ name: "bench", handler, port: 0, handleSignals: false, ...more });
  process.send?.(service.port);
}
process.on("disconnect", () => process.exit(0));
