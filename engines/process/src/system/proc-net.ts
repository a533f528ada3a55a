/** One row of `/proc/net/tcp` or `/proc/net/tcp6`. */
export interface TcpSocket {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: "listen" | "established" | "other";
  /** Ties the socket to `/proc/<pid>/fd/*`. */
  readonly inode: string;
}

/** Wildcard addresses as {@link parseProcNetTcp} writes them. */
export const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * Parses the text of `/proc/net/tcp` or `tcp6` (proc(5)): addresses are hex in host byte order (little-endian words on
 * every machine Node runs on). IPv4 addresses mapped into IPv6 come out as IPv4; other IPv6 addresses as plain hex
 * words, except `::` and `::1`.
 */
export function parseProcNetTcp(text: string): TcpSocket[] {
  const sockets: TcpSocket[] = [];
  for (const line of text.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [localHex, localPort] = (fields[1] ?? "").split(":");
    const remotePort = (fields[2] ?? "").split(":")[1];
    const inode = fields[9];
    if (localHex === undefined || localPort === undefined || remotePort === undefined || inode === undefined) continue;
    sockets.push({
      localAddress: address(localHex),
      localPort: Number.parseInt(localPort, 16),
      remotePort: Number.parseInt(remotePort, 16),
      state: fields[3] === "0A" ? "listen" : fields[3] === "01" ? "established" : "other",
      inode,
    });
  }
  return sockets;
}

function address(hex: string): string {
  if (hex.length === 8) return ipv4(hex);
  if (/^0{32}$/.test(hex)) return "::";
  if (hex === "00000000000000000000000001000000") return "::1";
  if (hex.startsWith("0000000000000000FFFF0000")) return ipv4(hex.slice(24));
  const words = hex.match(/.{8}/g) ?? [];
  return words.map((word) => (word.match(/../g) ?? []).toReversed().join("").toLowerCase()).join(":");
}

function ipv4(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  return bytes
    .toReversed()
    .map((byte) => Number.parseInt(byte, 16))
    .join(".");
}
