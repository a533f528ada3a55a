import type { OpenStream, RegistryCall, RegistryReply, RegistryTransport } from "@holdfast/discovery";
import { PlatformError } from "@holdfast/kernel";
import type { Process } from "./machine.ts";
import type { RegistryNode } from "./registry-node.ts";
import type { SimNetwork } from "./sim-network.ts";
import { openSimStream } from "./sim-stream.ts";

/** A call that a registry has answered, as an onlooker at the registry sees it. */
export interface Handled {
  readonly at: RegistryNode;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly status: number;
}

/** How one process reaches the registries. */
export class SimTransport implements RegistryTransport {
  readonly open: OpenStream;
  readonly #process: Process;
  readonly #network: SimNetwork;
  readonly #nodes: ReadonlyMap<string, RegistryNode>;
  readonly #onHandled: (handled: Handled) => void;

  /** `onHandled` hears what a registry answered, at the moment it does, whether or not the answer arrives. */
  constructor(
    process: Process,
    network: SimNetwork,
    nodes: ReadonlyMap<string, RegistryNode>,
    onHandled: (handled: Handled) => void = () => {},
  ) {
    this.#process = process;
    this.#network = network;
    this.#nodes = nodes;
    this.#onHandled = onHandled;
    this.open = (call, events) => openSimStream(process, network, this.#at(call.url.hostname), call, events);
  }

  call({ base, method, path, headers, body, timeoutMs, headMs }: RegistryCall): Promise<RegistryReply> {
    const at = this.#at(new URL(base).hostname);
    return new Promise((resolve, reject) => {
      const ms = Math.min(timeoutMs, headMs ?? timeoutMs);
      const fail = (why: string): void => {
        timer.cancel();
        reject(new PlatformError("REGISTRY_UNREACHABLE", `registry ${base}: ${why}`, { status: 503 }));
      };
      const timer = this.#process.after(ms, () => fail(`no answer to ${method} ${path}`));
      this.#network.call(
        this.#process,
        at.machine,
        (_process, reply) =>
          at.handle({ method, path, headers, body }, (answer) => {
            if (answer !== undefined) this.#onHandled({ at, method, path, body, status: answer.status });
            reply(() => {
              if (answer === undefined) return fail("cut off");
              timer.cancel();
              resolve(answer);
            });
          }),
        () => fail("connection refused"),
      );
    });
  }

  close(): void {}

  #at(host: string): RegistryNode {
    const node = this.#nodes.get(host);
    if (node === undefined) throw new RangeError(`there is no registry ${host}`);
    return node;
  }
}
