export { buildConsole } from "../build.ts";
