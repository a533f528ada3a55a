import { request } from "node:http";
import { release } from "node:os";
import { messageOf } from "@holdfast/kernel";

/** What a container engine says of itself, as far as it counts for us. */
export interface ContainerEngineReport {
  /** `Podman 4.3.1`, `Docker 20.10.24`. */
  readonly name: string;
  /** It runs without root's rights. */
  readonly rootless: boolean;
  /** Its containers run on another kernel: in a virtual machine, whose addresses nobody here can reach. */
  readonly elsewhere: boolean;
  /** What will not work with it, each a sentence. */
  readonly lacks: readonly string[];
}

const answerMs = 2_000;
const bytesMax = 1_048_576;
/** Their files can be read back (`engines/container`). */
const fileDrivers = ["local", "json-file", "k8s-file"];

interface Info {
  readonly ServerVersion?: string;
  readonly KernelVersion?: string;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly SecurityOptions?: readonly string[] | null;
  readonly Plugins?: { readonly Log?: readonly string[] | null } | null;
}

/**
 * Asks the engine behind a socket what it is.
 *
 * @param kernel our own; containers on another one are elsewhere.
 * @throws an error in the words of whatever went wrong: no answer within 2 s, no Docker API.
 */
export async function reportOfEngine(socket: string, kernel: string = release()): Promise<ContainerEngineReport> {
  const [version, info] = await Promise.all([ask(socket, "/version"), ask(socket, "/info")]);
  const { Components } = version as { readonly Components?: readonly { readonly Name?: string }[] | null };
  const { ServerVersion = "", KernelVersion, MemoryLimit, CpuCfsQuota, SecurityOptions, Plugins } = info as Info;
  const isPodman = Components?.some(({ Name }) => Name?.startsWith("Podman") === true) === true;
  const drivers = Plugins?.Log ?? [];
  return {
    name: `${isPodman ? "Podman" : "Docker"} ${ServerVersion}`.trim(),
    rootless: SecurityOptions?.some((option) => option.startsWith("name=rootless")) === true,
    elsewhere: KernelVersion !== undefined && KernelVersion !== "" && KernelVersion !== kernel,
    lacks: [
      ...(MemoryLimit === false ? ["`resources.memory` does not hold: it has no memory controller"] : []),
      ...(CpuCfsQuota === false ? ["`resources.cpu` does not hold: it has no cpu controller"] : []),
      ...(drivers.some((driver) => fileDrivers.includes(driver))
        ? []
        : [`logs cannot be read back: it has none of the drivers ${fileDrivers.join(", ")}`]),
    ],
  };
}

/** The report in one line, as `holdfast doctor` shows it. */
export function describeEngine({ name, rootless, elsewhere, lacks }: ContainerEngineReport): string {
  const where = elsewhere ? "; in a virtual machine: its containers cannot be reached from here" : "";
  return `${name}${rootless ? ", rootless" : ""}${where}${lacks.map((lack) => `; ${lack}`).join("")}`;
}

function ask(socketPath: string, path: string): Promise<object> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${path}: ${why}`));
    const signal = AbortSignal.timeout(answerMs);
    const asking = request({ socketPath, path, agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > bytesMax) asking.destroy(new Error("its answer is too long"));
      });
      response.once("error", (error) => fail(messageOf(error)));
      response.once("end", () => {
        try {
          const body: unknown = JSON.parse(text);
          if (response.statusCode === 200 && typeof body === "object" && body !== null) resolve(body);
          else fail(`answers ${response.statusCode}`);
        } catch {
          fail("does not answer as the Docker API does");
        }
      });
    });
    asking.once("error", (error) => fail(signal.aborted ? `no answer within ${answerMs} ms` : messageOf(error)));
    asking.end();
  });
}
