import { join } from "node:path";
import { fetched, ownPath } from "./fetched.ts";
import { OutsideProcess } from "./outside-process.ts";

export interface ClientOptions {
  /** With the path under which Eureka's operations are: `http://127.0.0.1:8761/eureka`. */
  readonly registry: string;
  readonly app: string;
  readonly id: string;
  /** What it says of itself; nothing listens there. */
  readonly port: number;
  /** In which it asks and tells, where it has a choice. Default xml. */
  readonly format?: "json" | "xml";
}

/** How a program of ours is told its options. */
function environment({ registry, app, id, port, format = "xml" }: ClientOptions): Record<string, string> {
  return {
    OUTSIDE_REGISTRY: registry,
    OUTSIDE_APP: app,
    OUTSIDE_ID: id,
    OUTSIDE_PORT: `${port}`,
    OUTSIDE_FORMAT: format,
  };
}

/**
 * py-eureka-client, asking and renewing each second; commands: `status X`, `drop-override`.
 *
 * @throws when it has not been fetched.
 */
export function pythonClient(options: ClientOptions): OutsideProcess {
  const part = fetched("python");
  if (typeof part === "string") throw new Error(part);
  const command = join(part.folder, "bin", "python");
  return new OutsideProcess("py-eureka-client", {
    command,
    args: ["-u", ownPath("python", "client.py")],
    env: environment(options),
  });
}

/**
 * fargo; commands: `status X`, `metadata key value`, `read` (itself, at the registry), `vip name` (ids).
 *
 * @throws when it has not been fetched.
 */
export function goClient(options: ClientOptions): OutsideProcess {
  const part = fetched("go");
  if (typeof part === "string") throw new Error(part);
  return new OutsideProcess("fargo", { command: join(part.folder, "client"), args: [], env: environment(options) });
}
