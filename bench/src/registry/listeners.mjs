// N open streams in one process, as lean as it goes: for each event line it notes when which listener saw which instance.
// usage: listeners.mjs URL COUNT; on stdin "register ID" lines; prints one JSON line per registration.
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [, , base, countText] = process.argv;
const url = new URL(base);
const count = Number(countText);
const target = { host: url.hostname, port: Number(url.port) };
let opened = 0;
let current;

for (let i = 0; i < count; i++) {
  const socket = connect(target);
  let isOpen = false;
  socket.setNoDelay(true);
  socket.write(`GET /v1/registry/stream HTTP/1.1\r\nhost: ${url.host}\r\naccept: text/event-stream\r\n\r\n`);
  socket.on("data", (chunk) => {
    if (!isOpen && chunk.includes("event: snapshot")) {
      isOpen = true;
      opened += 1;
      if (opened === count) console.log(JSON.stringify({ opened }));
    }
    if (current !== undefined && !current.seen.has(i) && chunk.includes(current.id)) {
      current.seen.add(i);
      current.took.push(performance.now() - current.startMs);
      if (current.seen.size === count) finish();
    }
  });
  socket.on("error", (error) => {
    console.error(`listener ${i}: ${error.message}`);
    process.exit(1);
  });
}

const door = connect(target);
door.on("data", () => {});
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, path, body } = JSON.parse(line);
  current = { id, seen: new Set(), took: [], startMs: performance.now() };
  door.write(
    `PUT ${path} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
});

function finish() {
  const { id, took } = current;
  current = undefined;
  console.log(JSON.stringify({ id, took }));
}
