export * from "./discovery-schema.ts";
export * from "./paths.ts";
export * from "./schema.ts";
