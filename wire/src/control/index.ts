export * from "./paths.ts";
export * from "./schema.ts";
