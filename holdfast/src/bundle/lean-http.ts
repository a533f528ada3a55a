import http from "node:http";
import type { Plugin } from "rolldown";

const id = "node:http";
const virtual = "\0lean:http";
/** Each of these is a getter that loads the whole of Node's own undici: 10 to 25 ms of every start, asked for or not. */
const heavy: ReadonlySet<string> = new Set(["WebSocket", "CloseEvent", "MessageEvent"]);

/**
 * Makes bundles take `node:http` without its module namespace: making that reads every export once, the heavy ones too.
 * They are still there on the default export, for who asks.
 */
export function leanHttp(): Plugin {
  const names = Object.keys(http).filter((name) => !heavy.has(name) && /^[A-Za-z_]\w*$/.test(name));
  const code = [
    `const http = process.getBuiltinModule("${id}");`,
    "export default http;",
    ...names.map((name) => `export const ${name} = /* @__PURE__ */ (() => http.${name})();`),
  ].join("\n");
  return {
    name: "lean-http",
    resolveId: (source, importer, options) =>
      // What `require`s it, and what wants a heavy one by name, gets the real one.
      (source === id || source === "http") && options.kind === "import-statement" && importer !== undefined
        ? { id: virtual, moduleSideEffects: false }
        : null,
    load: (module) => (module === virtual ? { code, moduleType: "js" } : null),
  };
}
