export { type AppVersion, compareAppVersions, parseAppVersion } from "./app-version.ts";
export { type BaseAmiInfo, parseBaseAmi } from "./base-ami.ts";
export {
  buildGroupName,
  buildLoadBalancerName,
  buildNextGroupName,
  type GroupNameParts,
  type LoadBalancerNameParts,
} from "./build.ts";
export { type CloudPlace, cloudEnvironment } from "./cloud-environment.ts";
export { groupAsgNamesByClusterName, groupByClusterName } from "./group-by-cluster.ts";
export {
  extractLabeledVariable,
  type Label,
  type LabeledVariables,
  type LabeledVariablesResult,
  parseLabeledVariables,
} from "./labels.ts";
export { type Names, parseName, parseNameOrThrow } from "./names.ts";
export { parseShards, type ShardsResult } from "./shards.ts";
export { checkName, checkNameWithHyphen, usesReservedFormat } from "./validation.ts";
