import { type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { SseDecoder, type SseEvent } from "@holdfast/wire";

export interface StreamHandlers {
  readonly onOpen: () => void;
  readonly onEvent: (event: SseEvent) => void;
  /** Any bytes, heartbeats too. */
  readonly onSign: () => void;
  /** Once, whatever ended it; not after `close`. */
  readonly onEnd: (why: string) => void;
}

/** An open stream; `close` ends it without a word. */
export interface OpenStream {
  close(): void;
}

export type OpenConfigStream = (url: string, token: string | undefined, handlers: StreamHandlers) => OpenStream;

/** More in one event than any configuration has. */
const eventCharsMax = 64 * 1024 * 1024;

/** Server-sent events over node:http. */
export const openConfigStream: OpenConfigStream = (url, token, { onOpen, onEvent, onSign, onEnd }) => {
  let isOver = false;
  const end = (why: string): void => {
    if (isOver) return;
    isOver = true;
    call.destroy();
    onEnd(why);
  };
  const headers = { accept: "text/event-stream", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const call: ClientRequest = (url.startsWith("https:") ? httpsRequest : httpRequest)(url, { headers }, (answer) => {
    if (answer.statusCode !== 200) return end(`answered ${answer.statusCode}`);
    onOpen();
    const decoder = new SseDecoder((event) => {
      if (!isOver) onEvent(event);
    }, eventCharsMax);
    answer.setEncoding("utf8");
    answer.on("data", (chunk: string) => {
      onSign();
      try {
        decoder.push(chunk);
      } catch (error) {
        end(error instanceof Error ? error.message : "sent what cannot be read");
      }
    });
    answer.on("end", () => end("ended the stream"));
    answer.on("error", (error) => end(error.message));
  });
  call.on("socket", (socket) => socket.unref());
  call.on("error", (error) => end(error.message));
  call.end();
  return {
    close: () => {
      isOver = true;
      call.destroy();
    },
  };
};
