import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";

/** What a handler gets: everything checked, nothing to parse. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** One operation of the API; the server's routes and the OpenAPI document both come from a list of these. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** As OpenAPI writes it: `/v1/instances/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** `none`: anybody who reaches the port. Default: token or session. */
  readonly access?: "none" | "bearer";
  readonly query?: z.ZodObject;
  /** The header `idempotency-key` makes a repetition the same operation. */
  readonly idempotent?: true;
  readonly body?: z.ZodType;
  readonly status: number;
  /** What an answer holds. `stream`: server-sent events with these event names. */
  readonly answer: { readonly schema: z.ZodType; readonly stream?: readonly string[] } | undefined;
  /** Codes of problems that are this operation's own. */
  readonly codes?: readonly string[];
  /** Streams answer by themselves on `reply.raw` and return nothing. */
  readonly handle: (call: Call) => unknown;
}
