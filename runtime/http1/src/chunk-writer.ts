import type { Socket } from "node:net";

/** Below this a chunk is written as one text: cheaper than three writes. */
const joinedBytes = 4 * 1024;

/** Writes a piece of a body as one chunk. False: the socket is full. */
export function writeChunk(socket: Socket, piece: Buffer): boolean {
  const size = `${piece.length.toString(16)}\r\n`;
  if (piece.length < joinedBytes) return socket.write(`${size}${piece.toString("latin1")}\r\n`, "latin1");
  socket.cork();
  socket.write(size, "latin1");
  socket.write(piece);
  const more = socket.write("\r\n", "latin1");
  socket.uncork();
  return more;
}
