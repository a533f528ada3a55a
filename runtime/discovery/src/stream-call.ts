import { request } from "node:http";
import { request as tlsRequest } from "node:https";

/** A `GET` whose answer does not end. */
export interface StreamCall {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Local address to connect from. */
  readonly localAddress: string | undefined;
}

/** What comes of it. */
export interface StreamEvents {
  onHead(status: number, contentType: string): void;
  onText(text: string): void;
  /** It ended, was cut off, or never came to be. */
  onClose(error?: Error): void;
}

/** Opens a stream: HTTP in production, a simulated network under test. Answers with the way to end it. */
export type OpenStream = (call: StreamCall, events: StreamEvents) => { destroy(): void };

/** Over `node:http`, on a connection of its own. */
export const openHttpStream: OpenStream = ({ url, headers, localAddress }, events) => {
  const send = url.protocol === "https:" ? tlsRequest : request;
  const call = send(url, { headers: { ...headers }, agent: false, localAddress }, (response) => {
    response.setEncoding("utf8");
    events.onHead(response.statusCode ?? 0, response.headers["content-type"] ?? "");
    response.on("data", (chunk: string) => events.onText(chunk));
    response.on("close", () => events.onClose());
    response.on("error", (error) => events.onClose(error));
  });
  call.on("error", (error) => events.onClose(error));
  call.end();
  return call;
};
