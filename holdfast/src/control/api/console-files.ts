import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { problem } from "@holdfast/wire";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendProblem } from "./problems.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".map": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/**
 * Serves the built console: exactly the files that are in `directory` now, and its page for every other path that a
 * browser opens, since the console routes by itself. A path can name nothing outside: it is looked up, never joined.
 */
export function serveConsole(app: FastifyInstance, directory: string | undefined): void {
  const files = directory === undefined ? new Map<string, string>() : listFiles(directory);
  const page = files.get("/index.html");
  app.setNotFoundHandler(async (request, reply) => {
    if (request.method !== "GET" && request.method !== "HEAD") return unknownPath(request, reply);
    const path = pathOf(request);
    const file = files.get(path);
    if (file !== undefined) return sendFile(reply, file);
    const wantsPage = path === "/" || (request.headers.accept ?? "").includes("text/html");
    if (!wantsPage || path.startsWith("/v1/")) return unknownPath(request, reply);
    if (page !== undefined) return sendFile(reply, page);
    return reply
      .type("text/plain; charset=utf-8")
      .send("The console is not built. Build it: node tools/src/build.ts\n");
  });
}

function listFiles(directory: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`/${relative(directory, file).split(sep).join("/")}`, file);
  }
  return files;
}

async function sendFile(reply: FastifyReply, file: string): Promise<FastifyReply> {
  // Built names hold a hash of their content; the page that names them must be asked for anew.
  const isHashed = file.includes(`${sep}assets${sep}`);
  const content = await readFile(file);
  return reply
    .header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache")
    .type(contentTypes[extname(file)] ?? "application/octet-stream")
    .send(content);
}

function unknownPath(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const detail = `${request.method} ${pathOf(request)}: no such thing`;
  return sendProblem(reply, problem(404, "NOT_FOUND", detail, { next: "see /openapi.json" }));
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?")[0] ?? "/";
}
