import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { instanceToken } from "@holdfast/engine-process";
import { Headers } from "@holdfast/wire";

/**
 * Who may send traces: an instance by its own token, naming itself; another program by the token of the API. Nothing of an
 * instance is trusted beyond that.
 */
export function traceDoor(instanceKey: string, apiToken: string): (headers: IncomingHttpHeaders) => boolean {
  return ({ authorization = "", [Headers.sender]: sender }) => {
    const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) return false;
    if (typeof sender === "string") return isSame(token, instanceToken(instanceKey, sender));
    return isSame(token, apiToken);
  };
}

/** Takes the same time whatever they share: their hashes have one length. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
