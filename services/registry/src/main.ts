import { processLog, SystemClock, systemRandom } from "@holdfast/kernel";
import { processMeterRegistry, serve } from "@holdfast/service";
import { RegistryServer } from "./registry-server.ts";
import { readSettings } from "./settings.ts";

const clock = new SystemClock();
const log = processLog(clock);
const ports = { meters: processMeterRegistry };
const server = new RegistryServer(clock, systemRandom(), log, readSettings(process.env), undefined, ports);
const { registry } = server;
const started = server.start();

await serve({
  name: "registry",
  handler: server.handle,
  endEmptyRequests: true,
  // Peers usually tell us all they know within milliseconds: wait for that rather than be starting for a whole check.
  health: () => registry.synced || Promise.race([started, clock.sleep(900)]).then(() => registry.synced),
  onDrain: () => server.drain(),
  onStop: () => server.close(),
});
