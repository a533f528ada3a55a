import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { PlatformError } from "@holdfast/kernel";

/**
 * Who may ask: all who reach the port; those on this machine, and others with the token of the instance; only who has the token.
 */
export type Access = "open" | "local" | "token";

/**
 * Lets a request through or not.
 *
 * @throws PlatformError `TOKEN_NEEDED` (401), `TOKEN_WRONG` (403), `TOKEN_UNSET` (403).
 */
export function checkAccess(req: IncomingMessage, access: Access, token: string | undefined): void {
  if (access === "open" || (access === "local" && isLocal(req))) return;
  if (token === undefined || token === "") {
    throw new PlatformError("TOKEN_UNSET", "this instance: has no token, so nobody may do that", {
      status: 403,
      next: "start it with HOLDFAST_INSTANCE_TOKEN",
    });
  }
  const given = /^bearer\s+(\S+)$/i.exec(req.headers.authorization ?? "")?.[1];
  if (given === undefined) {
    throw new PlatformError("TOKEN_NEEDED", "this: needs the token of the instance", {
      status: 401,
      next: 'send "Authorization: Bearer <HOLDFAST_INSTANCE_TOKEN>"',
    });
  }
  if (!isSame(given, token)) {
    throw new PlatformError("TOKEN_WRONG", "the token: is not that of this instance", { status: 403 });
  }
}

/**
 * From this machine, and not by way of a page in a browser that was sent here under another name: such a page would be
 * allowed to read the answer.
 */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const from = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  if (!from.startsWith("127.") && from !== "::1") return false;
  const name = (headers.host ?? "").replace(/:\d+$/, "");
  return name === "" || name === "localhost" || isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}

/** Takes as long for every wrong token. */
function isSame(a: string, b: string): boolean {
  const [x, y] = [a, b].map((one) => createHash("sha256").update(one).digest());
  return x !== undefined && y !== undefined && timingSafeEqual(x, y);
}
