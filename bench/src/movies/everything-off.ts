import { registerHooks } from "node:module";

/** `node --import` of this: the program's "holdfast" is `bare.ts`. */
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "holdfast") return next(specifier, context);
    return { url: new URL("./bare.ts", import.meta.url).href, shortCircuit: true };
  },
});
