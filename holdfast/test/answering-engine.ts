import { createServer } from "node:http";
import { join } from "node:path";
import { temporaryDirectory } from "@holdfast/testing";

/** What `body` makes of an engine that answers so; a text is no JSON, nothing is no answer. */
export async function withEngine(
  answers: Readonly<Record<string, unknown>>,
  body: (socket: string) => Promise<void>,
): Promise<void> {
  using directory = temporaryDirectory("report");
  const socket = join(directory.path, "d.sock");
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ""];
    if (answer !== undefined) response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    await body(socket);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
