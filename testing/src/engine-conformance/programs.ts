/**
 * Programs that instances of the suite run, each one line for `node`: nothing else need be in an image. They listen on
 * `HOST:PORT` as the engine tells them.
 */
const node = (source: string): string => `node -e '${source.replaceAll(/\s*\n\s*/g, " ").trim()}'`;

const serve = (answer: string): string =>
  `require("http").createServer((q, s) => { ${answer} }).listen(process.env.PORT, process.env.HOST);`;

/** Ends when told, as a good program does. */
const obeys = `process.on("SIGTERM", () => process.exit(0));`;

export const programs = {
  /** Answers its own pid and start; knows nothing of Holdfast, and handles no signal. */
  foreign: node(serve(`s.end(JSON.stringify({ began: globalThis.began ??= Date.now() + "." + Math.random() }))`)),
  /** Answers its environment. */
  environment: node(
    `${obeys} ${serve("s.end(JSON.stringify({ env: process.env, cwd: process.cwd(), node: process.version }))")}`,
  ),
  /** Answers 500 between `/sick` and `/well`. */
  moody: node(
    `${obeys} let sick = false; ${serve(
      `if (q.url === "/sick") sick = true; if (q.url === "/well") sick = false; s.writeHead(q.url === "/health" && sick ? 500 : 200).end()`,
    )}`,
  ),
  /** What a server on our recipe looks like from outside: an admin port that names its instance. */
  recipe: node(
    `${obeys} const h = require("http"), e = process.env;
     const id = { "x-holdfast-instance": e.HOLDFAST_INSTANCE_ID };
     h.createServer((q, s) => s.writeHead(200, id).end()).listen(e.HOLDFAST_ADMIN_PORT, e.HOST,
       () => h.createServer((q, s) => s.writeHead(200, id).end()).listen(e.PORT, e.HOST));`,
  ),
  /** Says on SIGTERM that it goes, finishes what is under way, and ends. */
  graceful: node(
    `const server = require("http").createServer((q, s) => setTimeout(() => s.end("done"), 400))
       .listen(process.env.PORT, process.env.HOST);
     process.on("SIGTERM", () => { console.log("going"); server.close(() => process.exit(0)); });`,
  ),
  /** Does not end by itself. */
  stubborn: node(`process.on("SIGTERM", () => console.log("no")); ${serve("s.end()")}`),
  /** Says something on both channels and ends with 3. */
  failing: node(`console.log("about to fail"); console.error("no database"); process.exit(3);`),
  /** Writes 2,000 lines, the last without an end. */
  chatty: node(
    `let text = ""; for (let i = 0; i < 2000; i++) text += "line " + i + "\\n"; process.stdout.write(text + "the end"); setInterval(() => {}, 1000);`,
  ),
  /** Leaves a child behind that serves, and ends at once. */
  forking: node(
    `const { spawn } = require("child_process");
     const child = spawn(process.execPath, ["-e", "require(\\"net\\").createServer().listen(process.env.PORT, process.env.HOST)"], { detached: true, stdio: "inherit" });
     child.unref(); setTimeout(() => process.exit(0), 400);`,
  ),
  /** Takes 4 MB every 2 ms once it serves. */
  greedy: node(
    `const all = []; ${serve("s.end()")} setTimeout(() => setInterval(() => all.push(Buffer.alloc(4e6, 1)), 2), 300);`,
  ),
  /** Uses all the processor time it gets, for 20 s. */
  busy: node(`const end = Date.now() + 20000; while (Date.now() < end);`),
  /** Writes the path of each request. */
  talkative: node(`${obeys} ${serve(`console.log(q.url); s.end()`)}`),
  /** Ends with 7 when asked for `/exit`. */
  exitOnRequest: node(`${serve(`if (q.url === "/exit") process.exit(7); s.end()`)}`),
  /** Holds 64 MiB. */
  holding64: node(`globalThis.held = Buffer.alloc(64 * 1024 * 1024, 1); ${serve("s.end()")}`),
  missing: "no-such-program --flag",
  /** A shell must put this together. */
  shell: `node -e 'console.log(process.argv[1]); setInterval(() => {}, 1000)' "$HOLDFAST_SERVICE-$((20 + 3))"`,
} as const;
