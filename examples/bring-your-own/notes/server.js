// An ordinary Express program. It has never heard of Holdfast: it reads PORT and HOST as most programs do.
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { openNotes } from "./notes.js";

const notes = openNotes(process.env.NOTES_DB ?? join(tmpdir(), "notes.db"));
const app = express();
app.disable("x-powered-by");
app.use(express.json({ limit: "16kb" }));

app.get("/notes", (_req, res) => {
  res.json(notes.list());
});
app.get("/notes/:id", (req, res) => {
  const note = notes.get(Number(req.params.id));
  if (note === undefined) res.status(404).json({ error: "no such note" });
  else res.json(note);
});
app.post("/notes", (req, res) => {
  const text = req.body?.text;
  if (typeof text !== "string" || text.trim() === "") res.status(400).json({ error: "text: must not be empty" });
  else res.status(201).json(notes.add(text.trim()));
});
app.delete("/notes/:id", (req, res) => {
  res.status(notes.remove(Number(req.params.id)) ? 204 : 404).end();
});

const server = app.listen(Number(process.env.PORT ?? 3001), process.env.HOST ?? "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(`notes: http://${address}:${port}/notes`);
});
