import type { RegistryCall, RegistryReply, RegistryTransport } from "@holdfast/discovery";
import { type Clock, PlatformError } from "@holdfast/kernel";

/** What a registry at the other end of the fake wire does with a call. */
export type Answerer = (
  call: RegistryCall,
) => { readonly status: number; readonly text?: string } | "refused" | "hangs";

/** A network on the fake clock: answers at once, refuses at once, or lets a call wait for its whole time. */
export class FakeNetwork implements RegistryTransport {
  /** By base URL. Absent: nobody listens there. */
  readonly hosts = new Map<string, Answerer>();
  readonly calls: { readonly atMs: number; readonly base: string; readonly line: string; readonly body: string }[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `GET /path` …, of `base` or of all. */
  lines(base?: string): string[] {
    return this.calls.filter((call) => base === undefined || call.base === base).map(({ line }) => line);
  }

  async call(call: RegistryCall): Promise<RegistryReply> {
    const { base, method, path, body = "" } = call;
    this.calls.push({ atMs: this.#clock.monotonicMs(), base, line: `${method} ${path}`, body });
    const answer = this.hosts.get(base)?.(call) ?? "refused";
    if (answer === "refused") throw unreachable(base, false);
    if (answer === "hangs") {
      await this.#clock.sleep(call.headMs ?? call.timeoutMs);
      throw unreachable(base, true);
    }
    return { status: answer.status, contentType: "application/json", text: answer.text ?? "" };
  }

  close(): void {}
}

function unreachable(base: string, isSlow: boolean): PlatformError {
  return new PlatformError("REGISTRY_UNREACHABLE", `registry ${base}: no answer`, { status: 503, details: { isSlow } });
}
