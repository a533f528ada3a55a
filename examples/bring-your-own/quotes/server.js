// A small Fastify program as one finds it anywhere.
import Fastify from "fastify";

const quotes = [
  { text: "Everything flows.", by: "Heraclitus" },
  { text: "Fortune favours the bold.", by: "Virgil" },
  { text: "The unexamined life is not worth living.", by: "Socrates" },
  { text: "Well begun is half done.", by: "Aristotle" },
  { text: "While we are postponing, life speeds by.", by: "Seneca" },
];

const app = Fastify();
app.get("/health", async () => ({ ok: true }));
app.get("/", async () => ({ ...quotes[Math.floor(Math.random() * quotes.length)], servedBy: process.pid }));
app.get("/quotes", async () => quotes);

await app.listen({ port: Number(process.env.PORT ?? 3000), host: process.env.HOST ?? "127.0.0.1" });
