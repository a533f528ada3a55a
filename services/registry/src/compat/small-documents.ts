import {
  type EurekaFormat,
  type EurekaInstance,
  type EurekaShape,
  encodeApplication,
  encodeApplications,
  hashcodeOf,
} from "@holdfast/wire/eureka";

/** One application as a document. */
export function applicationText(
  name: string,
  instances: readonly EurekaInstance[],
  format: EurekaFormat,
  shape: EurekaShape,
): string {
  return encodeApplication({ name, instances }, format, shape);
}

/** Some instances, by application. `hashcode`: of the whole registry for a delta; of these when not given. */
export function listText(
  instances: Iterable<EurekaInstance>,
  hashcode: string | undefined,
  format: EurekaFormat,
  shape: EurekaShape,
): string {
  const all = [...instances];
  const grouped = Map.groupBy(all, (instance) => instance.app);
  const applications = Array.from(grouped, ([name, group]) => ({ name, instances: group }));
  const appsHashcode = hashcode ?? hashcodeOf(all.map((instance) => instance.status));
  return encodeApplications({ versionsDelta: "1", appsHashcode, applications }, format, shape);
}
