import { processLog, SystemClock } from "@holdfast/kernel";
import { type DoorSettings, Env } from "@holdfast/wire";
import { Door } from "./door.ts";

/** The door's process; ends with SIGTERM. */
const clock = new SystemClock();
const log = processLog(clock);
const settings: DoorSettings = JSON.parse(process.env[Env.settings] ?? '{"listeners":[]}');
const door = new Door(clock, log);
const ports = await door.listen(settings, process.platform === "linux");
log.info("door.open", { ports });
const end = (): void => {
  door.close();
  process.exit(0);
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
