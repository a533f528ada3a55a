import type { Picker, PickRequest, PickServer } from "./picker.ts";
import { isTried } from "./untried.ts";

/** The server that `stickyTo` names, while it is in the list and this call has not tried it; else `other` picks. */
export class StickyPicker implements Picker {
  readonly name = "sticky";
  readonly #other: Picker;
  #servers: readonly PickServer[] | undefined;
  #byId = new Map<string, PickServer>();

  constructor(other: Picker) {
    this.#other = other;
  }

  pick(servers: readonly PickServer[], request: PickRequest): PickServer | undefined {
    const { stickyTo } = request;
    if (stickyTo === undefined) return this.#other.pick(servers, request);
    if (servers !== this.#servers) {
      this.#servers = servers;
      this.#byId = new Map(servers.map((server) => [server.id, server]));
    }
    const server = this.#byId.get(stickyTo);
    return server === undefined || isTried(server, request.tried) ? this.#other.pick(servers, request) : server;
  }
}
