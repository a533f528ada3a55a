export { LocalApi, type LocalApiOptions, type LocalApiParts } from "./api/local-api.ts";
export { httpCheck, type ParentAnswer, type ParentCheck, tcpCheck } from "./parent/parent-check.ts";
