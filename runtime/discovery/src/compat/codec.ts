import type { InstanceStatus } from "@holdfast/wire";
import type { EurekaApplications, EurekaInstance } from "@holdfast/wire/eureka";
import * as wire from "@holdfast/wire/eureka";

interface Codec {
  decodeApplications(text: string, format: "json"): EurekaApplications;
  encodeInstance(instance: EurekaInstance, format: "json", shape: "full"): string;
  hashcodeOf(statuses: Iterable<InstanceStatus>): string;
}
const codec = wire as unknown as Codec;
export const decodeApplications: Codec["decodeApplications"] = (text, format) => codec.decodeApplications(text, format);
export const encodeInstance: Codec["encodeInstance"] = (instance, format, shape) =>
  codec.encodeInstance(instance, format, shape);
export const hashcodeOf: Codec["hashcodeOf"] = (statuses) => codec.hashcodeOf(statuses);
