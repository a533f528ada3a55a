import { spawnSync } from "node:child_process";
import { addressOf, type Zone } from "@holdfast/kernel";
import { operatorAddress } from "@holdfast/wire";

/** How zones are kept apart: by networks of their own, by addresses of the machine's loopback, or by ports alone. */
export type Isolation = "netns" | "loopback" | "ports";
export const isolations: readonly Isolation[] = ["netns", "loopback", "ports"];

/** Where host `host` of a zone stands: with ports alone, everything is the operator's own address. */
export function addressIn(isolation: Isolation, zone: Zone, host: number): string {
  return isolation === "ports" ? operatorAddress : addressOf(zone, host);
}

/** The programs that a network of namespaces needs, and the Debian package each is in. */
const programs = { ip: "iproute2", nft: "nftables", nsenter: "util-linux", unshare: "util-linux", sh: "dash" } as const;

/** Whether networks can be made here, and if not, what is missing. */
export function namespaceSupport(): { readonly works: boolean; readonly why: string; readonly rootless: boolean } {
  const rootless = process.getuid?.() !== 0;
  if (process.platform !== "linux") return { works: false, why: "network namespaces are Linux's", rootless };
  for (const [program, packageName] of Object.entries(programs)) {
    if (spawnSync("sh", ["-c", `command -v ${program}`], { env: withSystemPath() }).status !== 0) {
      return { works: false, why: `${program} is not installed (package ${packageName})`, rootless };
    }
  }
  const args = [...(rootless ? ["--user", "--map-root-user"] : []), "--mount", "--net", "nft", "list", "ruleset"];
  const tried = spawnSync("unshare", args, { encoding: "utf8", env: withSystemPath(), timeout: 5_000 });
  if (tried.status === 0) return { works: true, why: rootless ? "in a user namespace" : "as root", rootless };
  const said = (tried.stderr ?? "").trim().split("\n").at(-1) ?? "";
  return { works: false, why: `the kernel refuses them: ${said}`, rootless };
}

/** `ip` and `nft` are in directories that not every user has on the path. */
export function withSystemPath(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...environment, PATH: `${environment["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` };
}
