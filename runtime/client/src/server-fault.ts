import type { Answer } from "./try.ts";

/** The servers' fault, and not the caller's: what counts against the circuit. 501 and 505 say what the code cannot do. */
export function isServerFault(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 505;
}

/** An answer that counts as a failure of the command. Whoever asked gets the answer all the same, unless there is a fallback. */
export class ServerFault extends Error {
  readonly answer: Answer;

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
