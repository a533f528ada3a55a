export * from "./config-schema.ts";
export * from "./discovery-schema.ts";
export * from "./fault-schema.ts";
export * from "./image-schema.ts";
export * from "./paths.ts";
export * from "./resilience-schema.ts";
export * from "./schema.ts";
export * from "./trace-schema.ts";
