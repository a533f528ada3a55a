import { type IncomingMessage, request } from "node:http";

export interface SocketAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * One HTTP request over a Unix socket.
 *
 * @param onLine when given, gets each line of the body as it comes, and the time limit is for silence, not for all.
 * @throws the system's error when nobody answers, or `no answer within …`.
 */
export async function requestSocket(
  socketPath: string,
  method: "GET" | "POST",
  path: string,
  options: { readonly timeoutMs: number; readonly body?: unknown; readonly onLine?: (line: string) => void },
): Promise<SocketAnswer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({
      socketPath,
      method,
      path,
      agent: false,
      timeout: options.timeoutMs,
      headers: { host: "holdfast", "content-type": "application/json" },
    });
    outgoing.on("response", resolve);
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${options.timeoutMs} ms`)));
    outgoing.on("error", reject);
    outgoing.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
    if (options.onLine === undefined) continue;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line !== "") options.onLine(line);
  }
  return { status: response.statusCode ?? 0, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
