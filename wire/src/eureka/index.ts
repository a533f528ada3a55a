export { decodeApplication, decodeApplications, decodeInstance } from "./decode.ts";
export {
  applicationHead,
  applicationHeadAlone,
  applicationsHead,
  applicationsTail,
  applicationTail,
  applicationTailAlone,
  encodeApplication,
  encodeApplications,
  encodeInstance,
  instanceText,
  instanceTextAlone,
  separator,
} from "./documents.ts";
export { hashcodeOf, hashcodeOfCounts } from "./hashcode.ts";
export { eurekaOwnKeys } from "./own-keys.ts";
export {
  decodeReplicationAnswers,
  decodeReplicationList,
  encodeReplicationAnswers,
  encodeReplicationList,
} from "./replication.ts";
export * from "./types.ts";
