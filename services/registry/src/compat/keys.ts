import { createHash } from "node:crypto";
import type { InstanceId } from "@holdfast/kernel";

/** What the registry takes as a name: longer ones, and control characters, fit no log line. */
const nameMax = 256;

/** How the registry spells the app that Eureka calls `name`: lower case. */
export function appKey(name: string): string {
  // Eureka upper-cases what it is given; outside ASCII (`ß`) lower case alone is not the way back from that.
  return isAscii(name) ? name.toLowerCase() : name.toUpperCase().toLowerCase();
}

/** Apps that the registry cannot keep: a slash ends the app's part of a key. */
export function isUsableApp(name: string): boolean {
  return name.length <= nameMax && !/[/\p{Cc}]/u.test(name);
}

/**
 * The id the registry keeps an instance under: the client's own, unless it is too long or has control characters;
 * then a hash stands for it. Answers of Eureka's API show the id as the client gave it in any case.
 */
export function idKey(eurekaId: string): InstanceId {
  if (eurekaId.length <= nameMax && !hasControls(eurekaId)) return eurekaId as InstanceId;
  return `e-${createHash("sha256").update(eurekaId).digest("hex").slice(0, 32)}` as InstanceId;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** `\p{Cc}`, without a regular expression in the way of each heartbeat. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || (code >= 127 && code < 160)) return true;
  }
  return false;
}
