/**
 * A server that can do so much and no more: `node server.ts <workers> <work ms> <none|static|adaptive>`. Each request needs one
 * worker for its work (±30 %); those that find none wait in line. Sends its port to its parent.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { SeededRandom, SystemClock } from "@holdfast/kernel";
import { FixedLimit, ProbingLimit, type ServerHandler, ServerLimiter, SimpleLimiter } from "@holdfast/resilience";

const [workersText = "8", workText = "20", mode = "none"] = process.argv.slice(2);
const workMs = Number(workText);
const random = new SeededRandom(1);
const line: ServerResponse[] = [];
let free = Number(workersText);

function begin(response: ServerResponse): void {
  free -= 1;
  setTimeout(
    () => {
      response.end("done");
      free += 1;
      // Work for nobody is done all the same: a server that does not look is what most are.
      const next = line.shift();
      if (next !== undefined) begin(next);
    },
    workMs * (0.7 + 0.6 * random.next()),
  );
}

const handler: ServerHandler = (_request: IncomingMessage, response: ServerResponse) => {
  if (free > 0) begin(response);
  else line.push(response);
};
/** Tomcat's number of threads, and Netflix's largest default of a limit. */
const staticLimit = 200;
const clock = new SystemClock();
const limit = mode === "adaptive" ? new ProbingLimit(random) : new FixedLimit(staticLimit);
const limited =
  mode === "none"
    ? handler
    : new ServerLimiter(clock, new SimpleLimiter<IncomingMessage>(clock, limit)).limited(handler);
const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => void limited(request, response));
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const bound = server.address();
  process.send?.(typeof bound === "object" && bound !== null ? bound.port : 0);
});
process.on("disconnect", () => process.exit(0));
