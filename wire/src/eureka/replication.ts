import { fullJson } from "./encode-json.ts";
import { fieldsOf, listOf, numberOf, refuse, textOf } from "./fields.ts";
import { parseJson } from "./parse-json.ts";
import { readInstance, readStatus } from "./read-instance.ts";
import type { EurekaReplication, EurekaReplicationAnswer } from "./types.ts";

const actions: readonly EurekaReplication["action"][] = [
  "Heartbeat",
  "Register",
  "Cancel",
  "StatusUpdate",
  "DeleteStatusOverride",
];
const itemsMax = 10_000;

/** The body of `POST peerreplication/batch/`. @throws PlatformError `BODY_INVALID` (400). */
export function decodeReplicationList(text: string): EurekaReplication[] {
  const items = listOf(fieldsOf(parseJson(text), "body").get("replicationList"));
  if (items.length > itemsMax) refuse(`replicationList: has more than ${itemsMax} items`);
  return items.map((item, i) => {
    const path = `replicationList.${i}`;
    const fields = fieldsOf(item, path);
    const text = (name: string): string | undefined => textOf(fields, name, path);
    const action = actions.find((known) => known === text("action"));
    if (action === undefined) return refuse(`${path}.action: must be one of ${actions.join(", ")}`);
    const info = fields.get("instanceInfo");
    const dirty = numberOf(fields, "lastDirtyTimestamp", path);
    const [status, override] = [text("status"), text("overriddenStatus")];
    return {
      appName: text("appName") ?? refuse(`${path}.appName: is missing`),
      id: text("id") ?? refuse(`${path}.id: is missing`),
      action,
      ...(dirty === undefined ? {} : { lastDirtyTimestamp: dirty }),
      ...(status === undefined ? {} : { status: readStatus(status, "UNKNOWN") }),
      ...(override === undefined ? {} : { overriddenStatus: readStatus(override, "UNKNOWN") }),
      ...(info === undefined || info === null
        ? {}
        : { instanceInfo: readInstance(info, "json", `${path}.instanceInfo`) }),
    };
  });
}

export function encodeReplicationList(items: readonly EurekaReplication[]): string {
  const bodies = items.map((item) => {
    const { appName, id, lastDirtyTimestamp, overriddenStatus, status, instanceInfo, action } = item;
    const head = JSON.stringify({ appName, id, lastDirtyTimestamp, overriddenStatus, status }).slice(0, -1);
    const info = instanceInfo === undefined ? "" : `,"instanceInfo":${fullJson(instanceInfo)}`;
    return `${head}${info},"action":"${action}"}`;
  });
  return `{"replicationList":[${bodies.join(",")}]}`;
}

export function encodeReplicationAnswers(answers: readonly EurekaReplicationAnswer[]): string {
  const bodies = answers.map(({ statusCode, responseEntity }) => {
    const entity = responseEntity === undefined ? "" : `,"responseEntity":${fullJson(responseEntity)}`;
    return `{"statusCode":${statusCode}${entity}}`;
  });
  return `{"responseList":[${bodies.join(",")}]}`;
}

/** @throws PlatformError `BODY_INVALID`. */
export function decodeReplicationAnswers(text: string): EurekaReplicationAnswer[] {
  return listOf(fieldsOf(parseJson(text), "body").get("responseList")).map((item, i) => {
    const path = `responseList.${i}`;
    const fields = fieldsOf(item, path);
    const entity = fields.get("responseEntity");
    return {
      statusCode: numberOf(fields, "statusCode", path) ?? refuse(`${path}.statusCode: is missing`),
      ...(entity === undefined || entity === null
        ? {}
        : { responseEntity: readInstance(entity, "json", `${path}.responseEntity`) }),
    };
  });
}
