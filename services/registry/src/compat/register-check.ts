import { type EurekaInstance, eurekaIdOf } from "@holdfast/wire/eureka";

/** Why Eureka refuses this registration, in its own words; `undefined` when it does not. */
export function refusalOf(appName: string, instance: EurekaInstance): string | undefined {
  if (blank(eurekaIdOf(instance))) return "Missing instanceId";
  if (blank(instance.hostName)) return "Missing hostname";
  if (blank(instance.ipAddr)) return "Missing ip address";
  if (blank(instance.app)) return "Missing appName";
  if (instance.app !== appName) return `Mismatched appName, expecting ${appName} but was ${instance.app}`;
  if (instance.dataCenterInfo === undefined) return "Missing dataCenterInfo";
  if (blank(instance.dataCenterInfo.name)) return "Missing dataCenterInfo Name";
  return undefined;
}

/** An Amazon instance that names no instance id of Amazon's gets the id it registered with (`ApplicationResource`). */
export function withAmazonId(instance: EurekaInstance): EurekaInstance {
  const dataCenter = instance.dataCenterInfo;
  if (dataCenter === undefined || !dataCenter.class.endsWith("AmazonInfo")) return instance;
  if (!blank(dataCenter.metadata?.["instance-id"])) return instance;
  const metadata = { ...dataCenter.metadata, "instance-id": eurekaIdOf(instance) };
  return { ...instance, dataCenterInfo: { ...dataCenter, metadata } };
}

function blank(text: string | undefined): boolean {
  return text === undefined || text.trim() === "";
}
