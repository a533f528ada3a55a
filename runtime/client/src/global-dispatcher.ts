import type { Dispatcher } from "undici";
import Dispatcher1Wrapper from "undici/lib/dispatcher/dispatcher1-wrapper.js";

/**
 * Makes `dispatcher` the one that `fetch` uses when it is given none: Node's own (which speaks version 1 of undici's
 * dispatcher interface) and undici's.
 */
export function setGlobalDispatcher(dispatcher: Dispatcher): void {
  define("undici.globalDispatcher.2", dispatcher);
  define("undici.globalDispatcher.1", new Dispatcher1Wrapper(dispatcher));
}

function define(name: string, value: Dispatcher): void {
  // As undici does it: writable, so that the next one can take its place.
  const property = { value, writable: true, enumerable: false, configurable: false };
  Object.defineProperty(globalThis, Symbol.for(name), property);
}
