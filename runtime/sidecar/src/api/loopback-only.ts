import type { IncomingMessage } from "node:http";

const localHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Why a request is none of our parent's; `undefined` when it may be. The address keeps other machines out; `Host` keeps
 * out web pages whose own name was made to point here (DNS rebinding).
 */
export function strangerFault(req: IncomingMessage): string | undefined {
  const from = req.socket.remoteAddress ?? "";
  if (!isLoopback(from)) return `${from}: only programs on this machine may use the sidecar`;
  const { host } = req.headers;
  if (host !== undefined && !localHost.test(host)) return `Host ${host}: is not how a program calls its sidecar`;
  return undefined;
}

export function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}
