import type { IncomingMessage, ServerResponse } from "node:http";
import { processLog, SystemClock, systemRandom } from "@holdfast/kernel";
import { serve } from "@holdfast/service";
import { registryHandler } from "./http-handler.ts";
import { Registry } from "./registry.ts";
import { readSettings } from "./settings.ts";

const clock = new SystemClock();
const log = processLog(clock);
const registry = new Registry(clock, systemRandom(), log, readSettings(process.env));
const handle = registryHandler(registry, log);
const started = registry.start();

await serve({
  name: "registry",
  handler: (req: IncomingMessage, res: ServerResponse) => handle(req, res),
  // Peers usually tell us all they know within milliseconds: wait for that rather than be starting for a whole check.
  health: () => registry.synced || Promise.race([started, clock.sleep(900)]).then(() => registry.synced),
  onDrain: () => registry.drain(),
  onStop: () => registry.close(),
});
