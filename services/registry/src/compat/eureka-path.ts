import { PlatformError } from "@holdfast/kernel";

/** Where a request to Eureka's API goes, whichever of its prefixes it came by. */
export interface EurekaPath {
  /** True when the path says `v2`: only there Netflix's server insists on gzip. */
  readonly v2: boolean;
  /** `["apps", "API", "i-1"]`: decoded, without prefix and empty parts. */
  readonly parts: readonly string[];
  /** After the `?`, as it came. */
  readonly query: string;
}

const resources: ReadonlySet<string> = new Set([
  "apps",
  "instances",
  "vips",
  "svips",
  "asg",
  "status",
  "serverinfo",
  "peerreplication",
]);

/**
 * Takes a request's target apart: `/eureka/v2/…`, `/eureka/v1/…`, `/eureka/…`, `/v2/…`; as in Eureka any other word in the
 * version's place counts as v2. `undefined` when the target is none of Eureka's.
 *
 * @throws PlatformError `PATH_UNKNOWN` (400) when a part is not valid percent-encoding.
 */
export function readEurekaPath(url: string): EurekaPath | undefined {
  const mark = url.indexOf("?");
  const pathEnd = mark < 0 ? url.length : mark;
  let first: number;
  if (startsWithPart(url, "/eureka", pathEnd)) first = 7;
  else if (startsWithPart(url, "/v2", pathEnd)) first = 0;
  else return undefined;
  const parts: string[] = [];
  for (let start = first + 1; start < pathEnd; ) {
    let end = url.indexOf("/", start);
    if (end < 0 || end > pathEnd) end = pathEnd;
    if (end > start) parts.push(decodePart(url.slice(start, end)));
    start = end + 1;
  }
  const version = versionOf(parts);
  if (version !== undefined) parts.shift();
  return { v2: version === "v2", parts, query: mark < 0 ? "" : url.slice(mark + 1) };
}

/** The first value of a query's parameter; `undefined` when it has none. What cannot be decoded stays as it is. */
export function queryValue(query: string, name: string): string | undefined {
  for (let start = 0; start <= query.length; ) {
    let end = query.indexOf("&", start);
    if (end < 0) end = query.length;
    if (query.startsWith(name, start)) {
      const after = start + name.length;
      if (after === end) return "";
      if (query[after] === "=") return decodeQuery(query.slice(after + 1, end));
    }
    start = end + 1;
  }
  return undefined;
}

function startsWithPart(url: string, prefix: string, pathEnd: number): boolean {
  return url.startsWith(prefix) && (pathEnd === prefix.length || url[prefix.length] === "/");
}

function versionOf(parts: readonly string[]): string | undefined {
  const [first, second] = parts;
  if (first === undefined || resources.has(first)) return undefined;
  if (first === "v1" || first === "v2") return first;
  return second !== undefined && resources.has(second) ? first : undefined;
}

function decodePart(part: string): string {
  if (!part.includes("%")) return part;
  try {
    return decodeURIComponent(part);
  } catch (error) {
    const message = `${part.slice(0, 100)}: is not valid percent-encoding`;
    throw new PlatformError("PATH_UNKNOWN", message, { status: 400, cause: error });
  }
}

function decodeQuery(value: string): string {
  if (!value.includes("%") && !value.includes("+")) return value;
  const spaced = value.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
