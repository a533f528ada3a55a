// A small Express program as one finds it anywhere.
import express from "express";

const app = express();
const notes = new Map();
let next = 1;

app.use(express.json({ limit: "64kb" }));
app.get("/notes", (_req, res) => res.json([...notes.values()]));
app.post("/notes", (req, res) => {
  const text = String(req.body?.text ?? "").trim();
  if (text === "") return res.status(400).json({ error: "a note needs text" });
  const note = { id: next++, text, keptBy: process.pid };
  notes.set(note.id, note);
  res.status(201).json(note);
});
app.get("/notes/:id", (req, res) => {
  const note = notes.get(Number(req.params.id));
  return note === undefined ? res.status(404).json({ error: "no such note" }) : res.json(note);
});

app.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? "127.0.0.1");
