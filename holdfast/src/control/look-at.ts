import { connect } from "node:net";
import type { Sighting } from "@holdfast/cloud-server";
import { type Clock, codeOf } from "@holdfast/kernel";
import type { InstanceObservation } from "@holdfast/wire";

/** On one machine a connection is made or refused within a few ms. */
const lookMaxMs = 500;

/** Tries to connect to an instance's own port; nothing is sent. */
export function lookAt(clock: Clock, { spec }: InstanceObservation): Promise<Sighting> {
  return new Promise((resolve) => {
    const socket = connect({ host: spec.address, port: spec.port });
    const settle = (sighting: Sighting): void => {
      timer.cancel();
      socket.destroy();
      resolve(sighting);
    };
    const timer = clock.after(lookMaxMs, () => settle("silent"));
    socket.once("connect", () => settle("accepts"));
    socket.once("error", (error) => settle(codeOf(error) === "ECONNREFUSED" ? "refuses" : "silent"));
  });
}
