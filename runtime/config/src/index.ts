export { Config, type Explanation, type Layer, layers, type Property, type Value } from "./config.ts";
