export { type BakeOptions, bakeDirectory, collectGarbage, type Image } from "./bundle/bake.ts";
