import { createServer } from "node:net";

/** Ports that were free a moment ago: peers must know one another before they start. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const bound = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof bound === "object" && bound !== null ? bound.port : 0;
    }),
  );
}
