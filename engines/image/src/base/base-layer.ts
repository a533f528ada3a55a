import { existsSync, realpathSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { PlatformError } from "@holdfast/kernel";
import { withDirectories } from "../oci/layer.ts";
import type { TarEntry } from "../oci/tar.ts";
import { findLibraries } from "./libraries.ts";

/** What stands below every program: Node, what it needs to start, and nothing else. */
export interface Base {
  /** `holdfast-base`. */
  readonly name: string;
  /** Node's, without the `v`: `24.21.0`. */
  readonly version: string;
  readonly entries: readonly TarEntry[];
  /** Changes when one of the host's files does. */
  readonly key: string;
  readonly env: readonly string[];
}

/** The user programs run as: neither root nor anybody of the host. The number is the one of distroless' `nonroot`. */
export const nonRoot = { name: "nonroot", id: 65_532, home: "/home/nonroot" } as const;

const nodePath = "usr/local/bin/node";

/** Where distributions keep the authorities they trust, as one file. */
const certificateFiles: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

const passwd = `root:x:0:0:root:/root:/sbin/nologin\n${nonRoot.name}:x:${nonRoot.id}:${nonRoot.id}::${nonRoot.home}:/sbin/nologin\n`;
const group = `root:x:0:\n${nonRoot.name}:x:${nonRoot.id}:\n`;

/**
 * Describes the base layer for the Node binary at `node`: the binary, the shared libraries it needs from this host, the
 * loader, users, trusted authorities when the host has them, and `/tmp`. Nothing is pulled.
 *
 * @throws PlatformError `IMAGE_PLATFORM_UNSUPPORTED` where there is no Linux, `LIBRARY_MISSING`, `ELF_INVALID`.
 */
export async function describeBase(node: string, version: string): Promise<Base> {
  if (process.platform !== "linux") {
    throw new PlatformError(
      "IMAGE_PLATFORM_UNSUPPORTED",
      `${process.platform}: container images are made on Linux only`,
      {
        next: "use the process engine, or bake in a Linux machine",
        status: 400,
      },
    );
  }
  const binary = realpathSync(node);
  const { files, directories } = await findLibraries(binary);
  const certificates = certificateFiles.find((file) => existsSync(file));
  const hostFiles: [string, string, number][] = [
    [nodePath, binary, 0o755],
    ...files.map((file): [string, string, number] => [file.slice(1), file, 0o755]),
  ];
  if (certificates !== undefined) hostFiles.push(["etc/ssl/certs/ca-certificates.crt", certificates, 0o444]);
  const copies = await Promise.all(hostFiles.map(([path, from, mode]) => copyOf(path, from, mode)));
  const libraryPath = directories.length === 0 ? [] : [`LD_LIBRARY_PATH=${directories.join(":")}`];
  return {
    name: "holdfast-base",
    version,
    entries: withDirectories([...ownFiles(version), ...copies.map((copy) => copy.entry)]),
    key: JSON.stringify(["base 1", version, copies.map((copy) => copy.stamp)]),
    env: ["PATH=/usr/local/bin:/usr/bin:/bin", `NODE_VERSION=${version}`, `HOME=${nonRoot.home}`, ...libraryPath],
  };
}

async function copyOf(path: string, from: string, mode: number): Promise<{ entry: TarEntry; stamp: unknown }> {
  const real = realpathSync(from);
  const { size, mtimeMs, ino } = await stat(real);
  return {
    entry: { kind: "file", path, mode, from: real, bytes: size },
    stamp: [path, basename(real), size, mtimeMs, ino],
  };
}

function ownFiles(version: string): TarEntry[] {
  const text = (path: string, content: string): TarEntry => {
    return { kind: "file", path, mode: 0o444, content: Buffer.from(content) };
  };
  return [
    text("etc/passwd", passwd),
    text("etc/group", group),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
    text("etc/os-release", `ID=holdfast\nNAME="Holdfast base"\nPRETTY_NAME="Holdfast base, Node ${version}"\n`),
    { kind: "directory", path: "app", mode: 0o755 },
    { kind: "directory", path: "home/nonroot", mode: 0o755, owner: nonRoot.id },
    { kind: "directory", path: "root", mode: 0o700 },
    { kind: "directory", path: "tmp", mode: 0o1777 },
  ];
}
