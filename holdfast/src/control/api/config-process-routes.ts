import { type ConfigSink, propertiesList } from "@holdfast/config-server";
import { configPaths, type PropertyScope, propertyScopeKeys } from "@holdfast/wire";
import { configPropertiesListSchema, configServedChangeSchema, configSnapshotSchema } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { ConfigHouse } from "../../config/config-house.ts";
import type { Route } from "./route.ts";

const text = z.string().max(1_024);
const contextQuery = z.object(
  Object.fromEntries(propertyScopeKeys.map((key) => [key, text.optional()])) as Record<
    (typeof propertyScopeKeys)[number],
    z.ZodOptional<z.ZodString>
  >,
);
const listQuery = z.object({
  filter: z.string().max(8_192).optional().describe("(appId='x' or appId is null) and (env='prod' or env is null) …"),
  skipPropsWithExtraScopes: z
    .enum(["true", "false", ""])
    .optional()
    .describe("true: without values narrowed by a scope that the filter does not name."),
  serverId: text.optional().describe("The instance that asks with its token; operators need none."),
});

/** What processes ask, each with the token of its instance. */
export function configProcessRoutes(config: ConfigHouse): Route[] {
  return [
    {
      method: "GET",
      path: configPaths.effective,
      operationId: "getEffectiveConfig",
      summary: "All values that count for the instance that asks, by its own token",
      access: "none",
      query: contextQuery,
      status: 200,
      answer: { schema: configSnapshotSchema },
      codes: ["UNAUTHENTICATED", "CONFIG_INSTANCE_UNKNOWN"],
      handle: ({ query, request }) =>
        config.server.snapshot(config.door.contextOf(query as PropertyScope, request.headers.authorization)),
    },
    {
      method: "GET",
      path: configPaths.stream,
      operationId: "streamConfig",
      summary: "The same, and every change of it at once",
      access: "none",
      query: contextQuery,
      status: 200,
      answer: { schema: z.union([configSnapshotSchema, configServedChangeSchema]), stream: ["snapshot", "change"] },
      codes: ["UNAUTHENTICATED", "CONFIG_INSTANCE_UNKNOWN", "CONFIG_LISTENERS_FULL"],
      handle: ({ query, request, reply }) => {
        const context = config.door.contextOf(query as PropertyScope, request.headers.authorization);
        config.server.streams.checkRoom();
        const sink = openSink(request, reply, () => config.server.streams.remove(sink));
        config.server.streams.add(context, sink);
      },
    },
    {
      method: "GET",
      path: ControlPaths.configPropertiesList,
      operationId: "listPersistedProperties",
      summary: "Archaius's persisted source: what its JsonPersistedV2Reader reads",
      access: "none",
      query: listQuery,
      status: 200,
      answer: { schema: configPropertiesListSchema },
      codes: ["UNAUTHENTICATED", "CONFIG_FILTER_INVALID"],
      handle: ({ query, request }) => {
        const { filter = "", skipPropsWithExtraScopes, serverId = "" } = query as z.output<typeof listQuery>;
        if (!config.door.isInstance(serverId, request.headers.authorization)) config.checkOperator(request);
        return propertiesList(config.server.rows(), filter, skipPropsWithExtraScopes === "true");
      },
    },
  ];
}

/** Takes the reply over from the framework. Many thousands are open at once: nothing is kept for each but this. */
function openSink(request: FastifyRequest, reply: FastifyReply, onClose: () => void): ConfigSink {
  reply.hijack();
  const { raw } = reply;
  const { socket } = request.raw;
  // The stream ends with its connection: then there are no chunks to frame, and the same bytes go straight to all sockets.
  raw.useChunkedEncodingByDefault = false;
  raw.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  raw.flushHeaders();
  raw.on("close", onClose);
  raw.on("error", onClose);
  socket.setNoDelay(true);
  return {
    write: (bytes) => void socket.write(bytes),
    get behind() {
      return socket.writableLength;
    },
    drop: () => socket.destroy(),
  };
}
