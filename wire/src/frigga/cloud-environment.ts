import { labels } from "./labels.ts";
import { parseName } from "./names.ts";

/** What an instance is told of the group it is in. */
export interface CloudPlace {
  /** `movies-catalog-v003`. */
  readonly serverGroup: string;
  readonly region: string;
  /** `dev`, `test`, `prod`. */
  readonly environment: string;
  /** Default: what the server group's name says. */
  readonly app?: string;
  /** To which family of applications it belongs. Default: none. */
  readonly appGroup?: string;
  /** Under which name its figures are kept. Default: the application's. */
  readonly monitorBucket?: string;
  /** What its instances are launched by. Default: the server group's name. */
  readonly launchConfig?: string;
}

/** Before every name but the region's; Netflix itself had `NETFLIX_`. */
const prefixDefault = "CLOUD_";

/** Label's field → the variable's name: `devPhase` → `DEV_PHASE`. */
const variableNames = Object.values(labels)
  .toSorted()
  .map((field) => [field, field.replace(/[A-Z]/g, "_$&").toUpperCase()] as const);

/**
 * The environment Asgard gives an instance: where it stands (`CLOUD_APP`, `CLOUD_STACK`, `CLOUD_CLUSTER`,
 * `CLOUD_AUTO_SCALE_GROUP` …, `EC2_REGION`), and the labelled variables of its group's name. A part that is not there is
 * empty; a labelled variable that is not there is no variable.
 */
export function cloudEnvironment(place: CloudPlace, prefix: string = prefixDefault): Record<string, string> {
  const names = parseName(place.serverGroup);
  const app = place.app ?? names.app ?? "";
  const environment: Record<string, string> = {
    [`${prefix}ENVIRONMENT`]: place.environment,
    [`${prefix}MONITOR_BUCKET`]: place.monitorBucket ?? app,
    [`${prefix}APP`]: app,
    [`${prefix}APP_GROUP`]: place.appGroup ?? "",
    [`${prefix}STACK`]: names.stack ?? "",
    [`${prefix}CLUSTER`]: names.cluster ?? "",
    [`${prefix}AUTO_SCALE_GROUP`]: place.serverGroup,
    [`${prefix}LAUNCH_CONFIG`]: place.launchConfig ?? place.serverGroup,
    EC2_REGION: place.region,
  };
  for (const [field, name] of variableNames) {
    const value = names[field];
    if (value !== null) environment[prefix + name] = value;
  }
  return environment;
}
