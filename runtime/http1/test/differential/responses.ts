import { request } from "node:http";
import type { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { bodyReader, framing, messageLimits, parseResponseHead } from "@holdfast/http1";
import { SeededRandom } from "@holdfast/kernel";
import { MemorySocket } from "./memory-socket.ts";

/** An answer as a reader understood it; undefined: refused, or not whole. */
interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

const statuses = [
  "200 OK",
  "204 No Content",
  "304 Not Modified",
  "404 Not Found",
  "500 ",
  "200",
  "20 OK",
  "2000 OK",
  "099 X",
];
const fieldLines = [
  "Content-Length: 3",
  "Content-Length: 3",
  "Content-Length: 0",
  "Content-Length: +3",
  "Content-Length: 3, 3",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip",
  "Transfer-Encoding: xchunked",
  "Connection: close",
  "Set-Cookie: a=b",
  "X-A : b",
  " folded",
  "X-A:b",
];
const bodies = [
  "abc",
  "abc",
  "",
  "3\r\nabc\r\n0\r\n\r\n",
  "3\r\nabc\r\n0\r\n\r\n",
  "3;x=y\r\nabc\r\n0\r\n\r\n",
  "3\nabc\r\n0\r\n\r\n",
  "g\r\n",
];
const strange = "\0\n\r \t:\x0b\x7f0a";

function pick<T>(random: SeededRandom, choices: readonly T[], otherwise: T): T {
  return choices[Math.floor(random.next() * choices.length)] ?? otherwise;
}

function generate(random: SeededRandom): string {
  const version = random.next() < 0.9 ? "HTTP/1.1" : pick(random, ["HTTP/1.0", "HTTP/2.0", "HTTP/1.2"], "");
  let text = `${version} ${pick(random, random.next() < 0.8 ? statuses.slice(0, 5) : statuses, "")}\r\n`;
  for (let count = Math.floor(random.next() * 4); count > 0; count--) text += `${pick(random, fieldLines, "")}\r\n`;
  text += `\r\n${pick(random, bodies, "")}`;
  if (random.next() > 0.3) return text;
  const at = Math.floor(random.next() * text.length);
  return (
    text.slice(0, at) +
    strange.charAt(Math.floor(random.next() * strange.length)) +
    text.slice(at + Math.floor(random.next() * 2))
  );
}

/** Our reading, and how far it went: what comes behind an answer, we take for no part of any. */
function ours(text: string, method: string): { readonly answer: Answer; readonly end: number } | undefined {
  const blank = text.indexOf("\r\n\r\n");
  if (blank === -1) return undefined;
  try {
    const head = parseResponseHead(text, 0, blank, method, messageLimits);
    let body = "";
    const reader = bodyReader(head.length, messageLimits);
    const bytes = Buffer.from(text.slice(blank + 4), "latin1");
    const read = reader.done ? 0 : reader.feed(bytes, 0, (piece) => void (body += piece.toString("latin1")));
    if (!reader.done && head.length !== framing.untilClose) return undefined;
    const answer = { status: head.status, reason: head.reason, fields: [...head.fields], body };
    return { answer, end: blank + 4 + read };
  } catch {
    return undefined;
  }
}

async function nodes(text: string, method: string): Promise<Answer | undefined> {
  const socket = new MemorySocket();
  const answer = await new Promise<Answer | undefined>((resolve) => {
    const asked = request({ method, createConnection: () => socket as unknown as Socket }, (res) => {
      let body = "";
      res.setEncoding("latin1");
      res.on("data", (piece: string) => void (body += piece));
      res.on("error", () => resolve(undefined));
      res.on("close", () => {
        const fields: [string, string][] = [];
        for (let at = 0; at < res.rawHeaders.length; at += 2)
          fields.push([(res.rawHeaders[at] ?? "").toLowerCase(), res.rawHeaders[at + 1] ?? ""]);
        resolve(
          res.complete ? { status: res.statusCode ?? 0, reason: res.statusMessage ?? "", fields, body } : undefined,
        );
      });
    });
    asked.on("error", () => resolve(undefined));
    asked.end();
    setImmediate(() => {
      socket.push(Buffer.from(text, "latin1"));
      socket.push(null);
    });
  });
  socket.destroy();
  return answer;
}

/** Has our reader of answers and that of `node:http` read the same answers; those ours takes must be the same to both. */
export async function compareResponses(
  cases: number,
  seed: number,
): Promise<{ accepted: number; disagreements: string[] }> {
  const disagreements: string[] = [];
  let accepted = 0;
  for (let one = seed; one < seed + cases; one++) {
    const random = new SeededRandom(one);
    const method = random.next() < 0.9 ? "GET" : "HEAD";
    const text = generate(random);
    const our = ours(text, method);
    if (our === undefined) continue;
    accepted++;
    const node = await nodes(text.slice(0, our.end), method);
    if (!isDeepStrictEqual(our.answer, node))
      disagreements.push(`${method} ${JSON.stringify(text)}: ${JSON.stringify(our.answer)} ≠ ${JSON.stringify(node)}`);
  }
  return { accepted, disagreements };
}
