import { BalancedClient, warmUpForward } from "@holdfast/client";
import { Discovery } from "@holdfast/discovery";
import { SystemClock, systemRandom } from "@holdfast/kernel";
import {
  processMeterRegistry,
  processResilience,
  readIdentity,
  serve,
  serviceLog,
  showBalancers,
} from "@holdfast/service";
import { type BalancerSettings, Env } from "@holdfast/wire";
import { Balancer } from "./balancer.ts";

/** Just above the gateways' own 50–250 ms: what they solve is not asked for twice, and a stuck one costs a third of a second. */
const [hedgeMinMs, hedgeMaxMs] = [150, 300];
/** Below the ten seconds after which the zone agent ends us. */
const drainMs = 8_000;

const clock = new SystemClock();
const random = systemRandom();
const log = serviceLog();
const identity = readIdentity(process.env, "balancer");
const settings: BalancerSettings = JSON.parse(process.env[Env.settings] ?? '{"listeners":[]}');
const { registries, lastViewFile } = identity;

const discovery = new Discovery(clock, random, log, { registries, lastViewFile });
discovery.start();
// Behind the gateways are all services: one that fails must not shut the door to the others.
const options = { retryOn: "transport", hedgeMinMs, hedgeMaxMs, circuit: false, concurrentMax: 100_000 } as const;
const client = new BalancedClient(discovery, clock, random, options, {
  meters: processMeterRegistry,
  resilience: processResilience(),
});
showBalancers(client);
const balancer = new Balancer(client, clock, log);

await warmUpForward(clock, random);
await discovery.ready(3_000).catch((error: unknown) => log.warn("balancer.no-registry", { error }));
await balancer.listen(settings, process.platform === "linux", identity.instanceId);
await serve({
  name: "balancer",
  // The instance's own port answers who it is; the listeners are what people use.
  handler: (_req: unknown, res: { end(text: string): void }) => res.end("balancer\n"),
  onDrain: () => balancer.drain(),
  onStop: () => balancer.close(drainMs),
});
