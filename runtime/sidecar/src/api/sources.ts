import type { Config } from "@holdfast/config";
import type { ServerList } from "@holdfast/discovery";
import type { InstanceRecord } from "@holdfast/wire";
import type { ChangeSource } from "./change-stream.ts";
import { textOf } from "./prana-api.ts";

/** One app of the registry; without instances when the last one has gone. */
export interface AppView {
  readonly app: string;
  readonly instances: readonly InstanceRecord[];
}

export function appView(servers: ServerList, app: string): AppView {
  return { app, instances: servers.instances(app) };
}

/** `{"apps": [{app, instances}]}`, then one app at a time. */
export function registrySource(servers: ServerList): ChangeSource {
  return {
    subscribe: (onChange) => servers.subscribe(onChange),
    snapshot: (wants) => ({
      apps: servers
        .apps()
        .filter(wants)
        .map((app) => appView(servers, app)),
    }),
    part: (app) => appView(servers, app),
  };
}

/** `{"properties": {key: value}}`, then `{key, value}` one at a time; a value of null says that there is none any more. */
export function configSource(config: Config): ChangeSource {
  return {
    subscribe: (onChange) => config.watch((key) => onChange([key])),
    snapshot: (wants) => ({
      properties: Object.fromEntries([...config.keys()].filter(wants).map((key) => [key, textOf(config, key)])),
    }),
    part: (key) => ({ key, value: textOf(config, key) }),
  };
}
