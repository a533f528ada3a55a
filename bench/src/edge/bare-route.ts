import { forward, Http1Server, OriginPool } from "@holdfast/http1";
import { SystemClock } from "@holdfast/kernel";

/** A proxy with one route and nothing else: `bare-route.ts PORT ORIGIN_PORT`. */
const [port = "0", originPort = "0"] = process.argv.slice(2);
const clock = new SystemClock();
const origin = new OriginPool(clock).origin("127.0.0.1", Number(originPort));
const server = new Http1Server(clock, (exchange) => forward(exchange, origin));
await server.listen({ port: Number(port), host: "127.0.0.1" });
