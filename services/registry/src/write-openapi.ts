import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { registryOpenApi } from "./openapi.ts";

/** Writes `docs/api/registry.json`: part of `npm run openapi`. */
const file = join(import.meta.dirname, "../../../docs/api/registry.json");
writeFileSync(file, `${JSON.stringify(registryOpenApi, undefined, 2)}\n`);
console.log(`wrote ${file}`);
