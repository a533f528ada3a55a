import { problemContentType } from "@holdfast/wire";
import { z } from "zod";
import type { Route } from "./route.ts";

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of a list of routes. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Holdfast control",
      version,
      description: "What runs, why, and how to change it. Console and command line use nothing else.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:7070" }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: componentSchemas(routes),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "The token in `.holdfast/token`." },
        session: { type: "apiKey", in: "cookie", name: "holdfast_session_7070" },
      },
    },
  };
}

function operation(route: Route): Json {
  const problems = {
    description: problemsText(route),
    content: { [problemContentType]: { schema: reference("Problem") } },
  };
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.access === undefined ? {} : { security: route.access === "none" ? [] : [{ token: [] }] }),
    ...parameters(route),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { "application/json": { schema: schemaOf(route.body, "input") } } },
        }),
    responses: { [route.status]: success(route), default: problems },
  };
}

function problemsText(route: Route): string {
  const codes = route.codes ?? [];
  return codes.length === 0 ? "A problem" : `A problem; besides the general codes: ${codes.join(", ")}`;
}

function success(route: Route): Json {
  if (route.answer === undefined) return { description: "Done" };
  const { schema, stream } = route.answer;
  if (stream === undefined) {
    return { description: "The answer", content: { "application/json": { schema: schemaOf(schema, "output") } } };
  }
  const description = `Server-sent events named ${stream.join(", ")}; data is JSON`;
  return { description, content: { "text/event-stream": { schema: schemaOf(schema, "output") } } };
}

function parameters(route: Route): Json {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => ({
    name: match[1],
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const shape = route.query?.shape ?? {};
  const inQuery = Object.entries(shape).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema as z.ZodType, "input");
    return { name, in: "query", required: false, ...(description === undefined ? {} : { description }), schema: rest };
  });
  const inHeader = route.idempotent === true ? [idempotencyKey] : [];
  const all = [...inPath, ...inQuery, ...inHeader];
  return all.length === 0 ? {} : { parameters: all };
}

const idempotencyKey = {
  name: "idempotency-key",
  in: "header",
  required: false,
  description: "The same key again is the same operation; with another request it is refused.",
  schema: { type: "string", maxLength: 128 },
};

/** A reference to a schema that has an id, or the schema itself; arrays of such have a reference inside. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const id = z.globalRegistry.get(schema)?.id;
  if (id !== undefined) return reference(id);
  if (schema instanceof z.ZodArray) return { type: "array", items: schemaOf(schema.element as z.ZodType, io) };
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    reused: "inline",
  }) as Json;
  return rest;
}

function reference(id: string): Json {
  return { $ref: `#/components/schemas/${id}` };
}

/** Schemas of requests as a caller writes them, schemas of answers as control does. */
function componentSchemas(routes: readonly Route[]): Json {
  const uri = (id: string): string => `#/components/schemas/${id}`;
  const inputs = z.toJSONSchema(z.globalRegistry, { io: "input", uri }).schemas;
  const outputs = z.toJSONSchema(z.globalRegistry, { io: "output", uri }).schemas;
  const asked = new Set(routes.map((route) => (route.body === undefined ? "" : idOf(route.body))));
  const schemas: Json = {};
  for (const id of Object.keys(outputs).toSorted()) {
    const { $schema: _dialect, $id: _id, ...rest } = (asked.has(id) ? inputs[id] : outputs[id]) ?? {};
    schemas[id] = rest;
  }
  return schemas;
}

function idOf(schema: z.ZodType): string {
  return z.globalRegistry.get(schema)?.id ?? "";
}
