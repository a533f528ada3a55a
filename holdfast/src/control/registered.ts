import { Registration } from "@holdfast/discovery";
import { type Clock, type InstanceId, type Log, parseInstanceId, type Random } from "@holdfast/kernel";
import { platformApplication } from "./platform-groups.ts";
import { registryUrls } from "./registry-urls.ts";
import { type ControlSettings, listenAddress } from "./settings.ts";

/** Puts control itself into the registry, like every other server of the platform. Needs no registry to be there. */
export async function registerControl(
  clock: Clock,
  random: Random,
  log: Log,
  settings: ControlSettings,
): Promise<void> {
  const registries = registryUrls(settings);
  const registration = new Registration(
    clock,
    random,
    log,
    { registries },
    {
      app: "control",
      id: parseInstanceId("control") as InstanceId,
      incarnation: clock.wallMs(),
      status: "UP",
      region: "-",
      zone: "-",
      address: listenAddress(settings),
      port: settings.ports.console,
      application: platformApplication,
      cluster: `${platformApplication}-control`,
      serverGroup: `${platformApplication}-control`,
      verifiesIdentity: false,
      metadata: {},
    },
  );
  await registration.start();
}
