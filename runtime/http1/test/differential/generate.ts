import type { SeededRandom } from "@holdfast/kernel";

type Choices = readonly (readonly [weight: number, text: string])[];

const methods: Choices = [
  [6, "GET"],
  [6, "POST"],
  [2, "PUT"],
  [1, "DELETE"],
  [1, "HEAD"],
  [1, "OPTIONS"],
  [1, "PATCH"],
  [0.1, "GE T"],
  [0.1, " GET"],
];
const targets: Choices = [
  [12, "/"],
  [4, "/a/b?c=d&e"],
  [1, "/%00%2e"],
  [1, '/{|}^`~[]"<>\\'],
  [1, "http://shop/x?y"],
  [0.5, "http://other/x"],
  [0.3, "*"],
  [0.2, "/a b"],
  [0.2, "/a#b"],
  [0.2, "/\x80"],
  [0.2, "/\x01"],
  [0.2, "//shop/x"],
];
const versions: Choices = [
  [20, "HTTP/1.1"],
  [2, "HTTP/1.0"],
  [0.2, "HTTP/1.2"],
  [0.2, "HTTP/2.0"],
  [0.2, "HTTP/0.9"],
  [0.1, "HTTP/1.1 "],
  [0.1, "http/1.1"],
  [0.1, "HTTP/11"],
];
const lineEnds: Choices = [
  [60, "\r\n"],
  [0.3, "\n"],
  [0.2, "\r"],
  [0.2, "\r\r\n"],
  [0.2, "\n\r"],
  [0.2, "\r\n "],
  [0.1, "\r\n\t"],
];
const colons: Choices = [
  [30, ": "],
  [4, ":"],
  [2, ":\t "],
  [0.3, " : "],
  [0.2, "\t:"],
  [0.1, " "],
];
const lengths: Choices = [
  [10, ""],
  [0.3, "+"],
  [0.3, "0"],
  [0.2, "-"],
  [0.2, "0x"],
  [0.2, " "],
];
const codings: Choices = [
  [12, "chunked"],
  [2, "Chunked"],
  [0.3, "xchunked"],
  [0.3, "chunked, chunked"],
  [0.3, "gzip, chunked"],
  [0.3, "chunked, gzip"],
  [0.3, "identity"],
  [0.3, "chunked;a=b"],
  [0.3, "\x0bchunked"],
  [0.3, ",chunked"],
  [0.3, '"chunked"'],
  [0.3, ""],
];
const others: Choices = [
  [4, "X-A|b"],
  [2, "Accept|*/*, text/html;q=0.9"],
  [2, "Cookie|a=b; c=d"],
  [1, "x-empty|"],
  [1, "X-High|\x80\xff"],
  [1, "x!#$%&'*+-.^_`|~|token"],
  [0.5, "Expect|100-continue"],
  [0.5, "Connection|close"],
  [0.5, "Connection|keep-alive"],
  [0.5, "Connection|Keep-Alive, TE"],
  [0.3, "Connection|upgrade"],
  [0.3, "Upgrade|websocket"],
  [0.3, "Trailer|X-T"],
  [0.2, "X-Ctl|a\x01b"],
  [0.2, "X-Nul|a\0b"],
  [0.2, "X-Del|a\x7fb"],
  [0.2, "X Y|space in name"],
  [0.2, "X\x80|high name"],
  [0.2, "(|no token"],
  [0.2, "Host|shop"],
  [0.2, "Host|other"],
  [0.2, "Content-Length|3"],
  [0.2, "Transfer-Encoding|chunked"],
];
const chunkSizes: Choices = [
  [20, ""],
  [1, "0"],
  [0.2, "0x"],
  [0.2, "+"],
  [0.2, " "],
  [0.1, "g"],
];
const extensions: Choices = [
  [20, ""],
  [1, ";a=b"],
  [1, ";a"],
  [1, ';a="b c"'],
  [0.3, ";"],
  [0.3, " ;a"],
  [0.3, ";a=b\x01"],
  [0.3, ";a\n"],
  [0.2, ' ; a = "b'],
  [0.2, " "],
];
const strange = '\0\t\n\r :;,"\x0b\x7f\x80\xff0aG+-/HTP1.';

function pick(random: SeededRandom, choices: Choices): string {
  let total = 0;
  for (const [weight] of choices) total += weight;
  let left = random.next() * total;
  for (const [weight, text] of choices) {
    left -= weight;
    if (left < 0) return text;
  }
  return "";
}

function below(random: SeededRandom, limit: number): number {
  return Math.floor(random.next() * limit);
}

function field(random: SeededRandom, name: string, value: string): string {
  return `${name}${pick(random, colons)}${value}${random.next() < 0.05 ? " \t" : ""}${pick(random, lineEnds)}`;
}

function body(random: SeededRandom): string {
  const text = "abcdefghij0\r\nGET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";
  return text.slice(0, below(random, random.next() < 0.3 ? text.length : 12));
}

function chunked(random: SeededRandom): string {
  let out = "";
  for (let count = below(random, 4); count > 0; count--) {
    const data = body(random) || "x";
    const size = data.length.toString(16);
    out += pick(random, chunkSizes) + (random.next() < 0.5 ? size : size.toUpperCase()) + pick(random, extensions);
    out += pick(random, lineEnds) + data + pick(random, lineEnds);
  }
  out += `0${pick(random, extensions)}${pick(random, lineEnds)}`;
  if (random.next() < 0.2) out += field(random, "X-T", "1");
  return out + pick(random, lineEnds);
}

function fields(random: SeededRandom): string {
  let out = random.next() < 0.98 ? field(random, random.next() < 0.5 ? "Host" : "host", "shop") : "";
  for (let count = below(random, 4); count > 0; count--) {
    const [name = "", value = ""] = pick(random, others).split(/\|(?=[^|]*$)/);
    out += field(random, name, value);
  }
  return out;
}

function request(random: SeededRandom): string {
  let head = `${pick(random, methods)} ${pick(random, targets)} ${pick(random, versions)}${pick(random, lineEnds)}${fields(random)}`;
  const kind = random.next();
  if (kind < 0.45) return head + pick(random, lineEnds);
  const text = kind < 0.7 ? body(random) : chunked(random);
  if (kind < 0.7) head += field(random, "Content-Length", `${pick(random, lengths)}${text.length}`);
  else head += field(random, "Transfer-Encoding", pick(random, codings));
  return `${head}${pick(random, lineEnds)}${text}`;
}

/** Sometimes the text with a byte put in, taken out, changed, or a part of it twice. */
function damaged(random: SeededRandom, text: string): string {
  let out = text;
  while (random.next() < 0.15) {
    const at = below(random, out.length + 1);
    const sign = strange.charAt(below(random, strange.length));
    const kind = below(random, 4);
    if (kind === 0) out = out.slice(0, at) + sign + out.slice(at);
    else if (kind === 1) out = out.slice(0, at) + out.slice(at + 1);
    else if (kind === 2) out = out.slice(0, at) + sign + out.slice(at + 1);
    else out = out.slice(0, at) + out.slice(Math.max(0, at - below(random, 20)));
  }
  return out;
}

/** What one client might send over one connection: one to four requests, many of them nearly right. */
export function generate(random: SeededRandom): Buffer {
  let text = "";
  for (let count = 1 + below(random, 4); count > 0; count--) text += request(random);
  return Buffer.from(damaged(random, text), "latin1");
}
