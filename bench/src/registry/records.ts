import { type InstanceId, parseInstanceId } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";

/** An instance of ours, as `serve` would register it. */
export function recordOf(text: string, more: Partial<InstanceRecord> = {}): InstanceRecord {
  const id: InstanceId | undefined = parseInstanceId(text);
  if (id === undefined) throw new RangeError(`${text} is no instance id`);
  return {
    app: "catalog",
    id,
    incarnation: Date.now(),
    version: 1,
    status: "UP",
    region: "local-1",
    zone: "a",
    address: "127.0.0.1",
    port: 12_000,
    application: "movies",
    cluster: "movies-catalog",
    serverGroup: "movies-catalog-v000",
    verifiesIdentity: false,
    metadata: {},
    ...more,
  };
}
