import { Headers } from "@holdfast/wire";
import type { Answer } from "./try.ts";

/** The servers' fault, and not the caller's: what counts against the circuit. 501 and 505 say what the code cannot do. */
export function isServerFault(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 505;
}

/**
 * The server was full and said so at once, without doing anything. It is well, and so is the service: neither the circuit nor
 * the detection of outliers may make of a server that does all it can one that does nothing.
 */
export function isShed({ status, headers }: Answer): boolean {
  return (status === 503 || status === 429) && headers[Headers.notExecuted] !== undefined;
}

/** An answer that counts as a failure of the command. Whoever asked gets the answer all the same, unless there is a fallback. */
export class ServerFault extends Error {
  readonly answer: Answer;

  get wasShed(): boolean {
    return isShed(this.answer);
  }

  constructor(answer: Answer) {
    // Made by the hundred thousand in an outage, and never shown with a stack.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${answer.server.record.id} answered ${answer.status}`);
    Error.stackTraceLimit = limit;
    this.name = "ServerFault";
    this.answer = answer;
  }
}
