export * from "./engine.ts";
export * from "./names.ts";
export * from "./problem.ts";
export * from "./registry.ts";
export * from "./registry-views.ts";
export * from "./resilience.ts";
export * from "./settings.ts";
export * from "./sse.ts";
