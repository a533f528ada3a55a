import { warmUpForward } from "@holdfast/client";
import { SystemClock, systemRandom } from "@holdfast/kernel";
import { processClient, serve } from "@holdfast/service";
import { Env, type GatewaySettings, gatewaySettingsDefaults } from "@holdfast/wire";
import { gatewayHandler } from "./gateway-handler.ts";

const given: Partial<GatewaySettings> = JSON.parse(process.env[Env.settings] ?? "{}");
const settings: GatewaySettings = { ...gatewaySettingsDefaults, ...given };
/** Of one service, of this gateway: more wait for something that does not come. */
const concurrentMax = 10_000;
const { handle, upgrade } = gatewayHandler(processClient({ concurrentMax }), settings);
await warmUpForward(new SystemClock(), systemRandom());
await serve({
  name: "gateway",
  handler: (req: Parameters<typeof handle>[0], res: Parameters<typeof handle>[1]) => handle(req, res),
  onUpgrade: upgrade,
  // Whoever is behind says what is too long.
  bodyBytesMax: Number.POSITIVE_INFINITY,
});
