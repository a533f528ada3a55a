import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { documentedApi } from "./documented-api.ts";

/** Writes `docs/api/openapi.json`: `node holdfast/src/control/write-openapi.ts`. */
const file = join(import.meta.dirname, "../../../docs/api/openapi.json");
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(documentedApi(), undefined, 2)}\n`);
console.log(`wrote ${file}`);
