import type { InstanceStatus } from "@holdfast/wire";
import type { EurekaReplication, EurekaReplicationAnswer } from "@holdfast/wire/eureka";
import type { ActionAnswer, EurekaActions, StatusOrder } from "./eureka-actions.ts";
import { appKey, idKey, isUsableApp } from "./keys.ts";
import { refusalOf } from "./register-check.ts";

/** What another Eureka server says in a batch: each item for itself, in order; one that fails fails alone. */
export function takeBatch(actions: EurekaActions, items: readonly EurekaReplication[]): EurekaReplicationAnswer[] {
  return items.map((item) => {
    try {
      const { status, entity } = takeItem(actions, item);
      return entity === undefined ? { statusCode: status } : { statusCode: status, responseEntity: entity };
    } catch {
      return { statusCode: 500 };
    }
  });
}

function takeItem(actions: EurekaActions, item: EurekaReplication): ActionAnswer {
  const [app, id] = [appKey(item.appName), idKey(item.id)];
  switch (item.action) {
    case "Register":
      return register(actions, item);
    case "Heartbeat": {
      const { lastDirtyTimestamp, overriddenStatus } = item;
      return actions.heartbeat(app, id, { lastDirtyTimestamp, overriddenStatus }, true);
    }
    case "Cancel":
      return actions.cancel(app, id, true);
    case "StatusUpdate":
      return actions.override(app, id, orderOf(item, item.status));
    case "DeleteStatusOverride":
      return actions.dropOverride(app, id, orderOf(item, item.status));
  }
}

/** 200 even for one that is refused, as in Eureka (`PeerReplicationResource.handleRegister`): saying it again would not help. */
function register(actions: EurekaActions, item: EurekaReplication): ActionAnswer {
  const instance = item.instanceInfo;
  if (instance === undefined) return { status: 500 };
  const name = item.appName.toUpperCase();
  if (isUsableApp(name) && refusalOf(name, instance) === undefined) actions.register(instance, true);
  return { status: 200 };
}

function orderOf(item: EurekaReplication, status: InstanceStatus | undefined): StatusOrder {
  return { value: status, lastDirtyTimestamp: item.lastDirtyTimestamp, replication: true };
}
