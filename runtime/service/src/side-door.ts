import { rmSync } from "node:fs";
import { createServer, type Server } from "node:net";

/**
 * A second door to a server, at a Unix socket: connections that come in there are served as all others. A file that an
 * earlier one left behind is replaced. Whoever closes the server closes this one, too.
 *
 * @throws what `listen` throws: the directory is missing, the path too long (107 bytes).
 */
export async function serveAlsoAt(server: Server, path: string): Promise<Server> {
  rmSync(path, { force: true });
  const side = createServer((connection) => server.emit("connection", connection));
  await new Promise<void>((resolve, reject) => {
    side.once("error", reject);
    side.listen({ path }, resolve);
  });
  return side;
}
