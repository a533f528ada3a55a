export { LocalApi, type LocalApiOptions, type LocalApiParts } from "./api/local-api.ts";
export { checkSidecarOptions, healthUrlDefault, type SidecarOptions, sidecarDefaults } from "./options.ts";
export { httpCheck, type ParentAnswer, type ParentCheck, tcpCheck } from "./parent/parent-check.ts";
export { exitCodeOf, type ParentExit, ParentProcess } from "./parent/parent-process.ts";
export { type ParentState, ParentWatch } from "./parent/parent-watch.ts";
export { type RunningSidecar, type SidecarSurroundings, startSidecar } from "./run/sidecar.ts";
