import { type InstanceId, parseInstanceId } from "@holdfast/kernel";
import type { InstanceRecord } from "@holdfast/wire";

export function idOf(text: string): InstanceId {
  const id = parseInstanceId(text);
  if (id === undefined) throw new Error(`${text} is no instance id`);
  return id;
}

/** A record of `app` with what the test is about. */
export function recordOf(id: string, more: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    app: "catalog",
    id: idOf(id),
    incarnation: 1_000,
    version: 1,
    status: "UP",
    region: "local-1",
    zone: "local-1a",
    address: "127.1.1.10",
    port: 12_000,
    application: "movies",
    cluster: "movies-catalog",
    serverGroup: "movies-catalog-v000",
    verifiesIdentity: true,
    metadata: {},
    ...more,
  };
}
