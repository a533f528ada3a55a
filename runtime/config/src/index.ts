export { Config, type Explanation, type Layer, layers, type Property, type Value, type Widen } from "./config.ts";
