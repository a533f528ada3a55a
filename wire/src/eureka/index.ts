export { decodeApplication, decodeApplications, decodeInstance } from "./decode.ts";
export {
  applicationHead,
  applicationsHead,
  applicationsTail,
  applicationTail,
  encodeApplication,
  encodeApplications,
  encodeInstance,
  instanceText,
  separator,
} from "./documents.ts";
export { hashcodeOf, hashcodeOfCounts } from "./hashcode.ts";
export {
  decodeReplicationAnswers,
  decodeReplicationList,
  encodeReplicationAnswers,
  encodeReplicationList,
} from "./replication.ts";
export * from "./types.ts";
