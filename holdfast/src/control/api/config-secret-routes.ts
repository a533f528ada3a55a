import {
  configChangeSchema,
  configRotatedSchema,
  configSecretRequestSchema,
  configSecretSchema,
  configToldSchema,
} from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { z } from "zod";
import type { ConfigHouse } from "../../config/config-house.ts";
import { changeView, secretViews } from "../../config/config-views.ts";
import { toldBy } from "./config-told.ts";
import type { Route } from "./route.ts";

/** Secrets go in here; none ever comes out. */
export function configSecretRoutes(config: ConfigHouse, actor: string): Route[] {
  return [
    {
      method: "GET",
      path: ControlPaths.configSecrets,
      operationId: "listSecrets",
      summary: "Names of secrets, their fingerprints, and which keys use them; never a value",
      status: 200,
      answer: { schema: z.array(configSecretSchema) },
      handle: () => secretViews(config.server),
    },
    {
      method: "PUT",
      path: "/v1/config/secrets/{name}",
      operationId: "setSecret",
      summary: "Set a secret; values that say secret('name') have it in the processes they are for",
      body: configSecretRequestSchema,
      status: 200,
      answer: { schema: configChangeSchema },
      codes: ["SECRET_INVALID", "SECRET_KEY_LOST", "CONFIG_UNCHANGED", "CONFIG_READ_ONLY", "STATE_NOT_WRITABLE"],
      handle: async ({ params, body }) => {
        const { value } = body as z.output<typeof configSecretRequestSchema>;
        return changeView(await config.server.setSecret(params["name"] ?? "", value, toldBy(body, actor)));
      },
    },
    {
      method: "POST",
      path: "/v1/config/secrets/{name}/remove",
      operationId: "removeSecret",
      summary: "Remove a secret that no value names any more",
      body: configToldSchema,
      status: 200,
      answer: { schema: configChangeSchema },
      codes: ["SECRET_UNKNOWN", "SECRET_IN_USE", "CONFIG_READ_ONLY"],
      handle: async ({ params, body }) =>
        changeView(await config.server.removeSecret(params["name"] ?? "", toldBy(body, actor))),
    },
    {
      method: "POST",
      path: ControlPaths.configSecretKeys,
      operationId: "rotateSecretKeys",
      summary: "Seal all secrets under a new key and forget the old ones",
      status: 200,
      answer: { schema: configRotatedSchema },
      codes: ["SECRET_KEY_LOST", "CONFIG_READ_ONLY", "STATE_NOT_WRITABLE"],
      handle: async () => ({ resealed: await config.server.rotateKeys() }),
    },
  ];
}
