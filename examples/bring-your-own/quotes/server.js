// An ordinary Fastify program. It has never heard of Holdfast: it reads PORT and HOST as most programs do.
import Fastify from "fastify";
import { page } from "./page.js";
import { quotes } from "./quotes.js";

const app = Fastify();
const any = () => quotes[Math.floor(Math.random() * quotes.length)];

app.get("/", (_request, reply) => reply.type("text/html; charset=utf-8").send(page(any(), process.pid)));
app.get("/quotes", () => quotes);
app.get("/quotes/random", () => any());
app.get("/quotes/:id", (request, reply) => {
  const quote = quotes[Number(request.params.id) - 1];
  return quote ?? reply.code(404).send({ error: "no such quote" });
});

const url = await app.listen({ port: Number(process.env.PORT ?? 3002), host: process.env.HOST ?? "127.0.0.1" });
console.log(`quotes: ${url}/quotes`);
