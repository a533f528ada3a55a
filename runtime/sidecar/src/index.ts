export { LocalApi, type LocalApiOptions, type LocalApiParts } from "./api/local-api.ts";
export { checkSidecarOptions, healthUrlDefault, type SidecarOptions, sidecarDefaults } from "./options.ts";
export { httpCheck, type ParentAnswer, type ParentCheck, tcpCheck } from "./parent/parent-check.ts";
export { exitCodeOf, type ParentExit, ParentProcess } from "./parent/parent-process.ts";
export { type ParentState, ParentWatch } from "./parent/parent-watch.ts";
export { startExitCode } from "./program/exit-code.ts";
export {
  programOfFlags,
  programOfSettings,
  type SidecarFlags,
  type SidecarProgram,
} from "./program/program-options.ts";
export { parsePropertiesFile } from "./program/properties-file.ts";
export { type ProgramSurroundings, runSidecar } from "./program/run-program.ts";
export { type RunningSidecar, type SidecarSurroundings, startSidecar } from "./run/sidecar.ts";
