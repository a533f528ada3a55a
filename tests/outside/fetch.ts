/**
 * `npm run outside:fetch [part …]`: brings the clients and the server not written by us into `.fetched`, from wherever
 * the package managers of this machine are set up to look. What cannot be had is said, and the tests skip it.
 * Exit 0 when anything is there at the end, 1 when nothing is.
 */
import { messageOf } from "@holdfast/kernel";
import { fetched, markAbsent, type PartName, partNames } from "./src/fetched.ts";
import { getGo } from "./src/get-go.ts";
import { getJava } from "./src/get-java.ts";
import { getOtel } from "./src/get-otel.ts";
import { getPython } from "./src/get-python.ts";

const getters: Readonly<Record<PartName, (say: (progress: string) => void) => Promise<void>>> = {
  python: getPython,
  otel: getOtel,
  go: getGo,
  java: getJava({ part: "java", folder: "client", jars: ["eureka-client", "eureka-core"] }),
  "spring-client": getJava({
    part: "spring-client",
    folder: "spring-client",
    jars: ["spring-boot", "spring-cloud-netflix-eureka-client", "eureka-client"],
  }),
  "spring-server": getJava({
    part: "spring-server",
    folder: "spring-server",
    jars: ["spring-boot", "spring-cloud-netflix-eureka-server", "eureka-core"],
  }),
};

function isPart(name: string): name is PartName {
  return partNames.some((part) => part === name);
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !isPart(name));
if (unknown.length > 0) {
  console.error(`${unknown.join(", ")} is no part; there are ${partNames.join(", ")}`);
  process.exit(2);
}
const parts = asked.length === 0 ? partNames : asked.filter(isPart);

for (const part of parts) {
  const startedAtMs = performance.now();
  const say = (progress: string): void => {
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
    console.log(`${part.padEnd(14)} ${seconds.padStart(3)} s  ${progress}`);
  };
  try {
    // One after the other: they share the network and two cores.
    // oxlint-disable-next-line no-await-in-loop
    await getters[part](say);
    say("there");
  } catch (error) {
    markAbsent(part, messageOf(error));
    say(`cannot be had: ${messageOf(error)}`);
  }
}

console.log("");
const have = partNames.map((part) => [part, fetched(part)] as const);
for (const [part, what] of have) {
  const words = typeof what === "string" ? `absent: ${what}` : Object.entries(what.versions).flat().join(" ");
  console.log(`${part.padEnd(14)} ${words}`);
}
process.exitCode = have.every(([, what]) => typeof what === "string") ? 1 : 0;
