export { type Clock, SystemClock, sleepOn, type Timer } from "./clock.ts";
export { codeOf, hasCode, messageOf, OptionError, PlatformError, type PlatformErrorOptions } from "./errors.ts";
export { type InstanceId, newInstanceId, parseInstanceId } from "./ids.ts";
export { type BackoffOptions, backoffDefaults, backoffMs, within } from "./lifecycle.ts";
export { JsonLog, type Log, type LogFields, type LogLevel, silentLog } from "./log.ts";
export { numberBetween, parseBytes, parseDurationMs, wholeBetween, withDefaults } from "./options.ts";
export { processLog } from "./process-log.ts";
export { hash32, type Random, SeededRandom, systemRandom } from "./random.ts";
export {
  addressOf,
  blockCovers,
  coordinatesOf,
  firstApplicationHost,
  makeZones,
  reservedHosts,
  type Zone,
  zoneKey,
} from "./topology.ts";
