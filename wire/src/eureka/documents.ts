import { compactJson, fullJson } from "./encode-json.ts";
import { compactXml, fullXml } from "./encode-xml.ts";
import type { EurekaApplication, EurekaApplications, EurekaFormat, EurekaInstance, EurekaShape } from "./types.ts";
import { xmlText } from "./xml-names.ts";

/** Depth of an instance's XML: alone, below its application, below all applications. */
type Depth = 0 | 1 | 2;

function bodyOf(instance: EurekaInstance, format: EurekaFormat, shape: EurekaShape, depth: Depth): string {
  if (format === "json") return shape === "full" ? fullJson(instance) : compactJson(instance);
  return shape === "full" ? fullXml(instance, depth) : compactXml(instance);
}

/** One instance as a document of its own. */
export function encodeInstance(instance: EurekaInstance, format: EurekaFormat, shape: EurekaShape): string {
  const body = bodyOf(instance, format, shape, 0);
  return format === "json" ? `{"instance":${body}}` : withoutLastNewline(body);
}

/** One application with its instances as a document of its own. */
export function encodeApplication(application: EurekaApplication, format: EurekaFormat, shape: EurekaShape): string {
  const { name, instances } = application;
  const bodies = instances.map((instance) => instanceTextAlone(instance, format, shape)).join(separator(format));
  return `${applicationHeadAlone(name, format, shape)}${bodies}${applicationTailAlone(format)}`;
}

/** One instance as it stands inside the document of its application. */
export function instanceTextAlone(instance: EurekaInstance, format: EurekaFormat, shape: EurekaShape): string {
  return bodyOf(instance, format, shape, 1);
}

/** What stands before an application's instances in a document of its own. */
export function applicationHeadAlone(name: string, format: EurekaFormat, shape: EurekaShape): string {
  if (format === "json") return `{"application":{"name":${JSON.stringify(name)},"instance":[`;
  const text = `<name>${xmlText(name)}</name>`;
  return shape === "compact" ? `<application>${text}` : `<application>\n  ${text}\n`;
}

export function applicationTailAlone(format: EurekaFormat): string {
  return format === "json" ? "]}}" : "</application>";
}

/** All applications, made of the pieces below. */
export function encodeApplications(all: EurekaApplications, format: EurekaFormat, shape: EurekaShape): string {
  const { versionsDelta, appsHashcode, applications } = all;
  const isEmpty = applications.length === 0;
  const middle = applications.map(({ name, instances }) => {
    const bodies = instances.map((instance) => instanceText(instance, format, shape)).join(separator(format));
    return `${applicationHead(name, format, shape)}${bodies}${applicationTail(format, shape)}`;
  });
  const head = applicationsHead(versionsDelta, appsHashcode, format, shape, isEmpty);
  const tail = applicationsTail(versionsDelta, appsHashcode, format, shape, isEmpty);
  return `${head}${middle.join(separator(format))}${tail}`;
}

/** One instance as it stands inside a document of all applications. */
export function instanceText(instance: EurekaInstance, format: EurekaFormat, shape: EurekaShape): string {
  return bodyOf(instance, format, shape, 2);
}

/** What stands between two instances, and between two applications. */
export function separator(format: EurekaFormat): string {
  return format === "json" ? "," : "";
}

/** What stands before an application's instances in a document of all. */
export function applicationHead(name: string, format: EurekaFormat, shape: EurekaShape): string {
  if (format === "json") return `{"name":${JSON.stringify(name)},"instance":[`;
  const text = `<name>${xmlText(name)}</name>`;
  return shape === "compact" ? `<application>${text}` : `  <application>\n    ${text}\n`;
}

export function applicationTail(format: EurekaFormat, shape: EurekaShape): string {
  if (format === "json") return "]}";
  return shape === "compact" ? "</application>" : "  </application>\n";
}

/** What stands before the first application. `full` says version and hash here, `compact` at the end. */
export function applicationsHead(
  versionsDelta: string,
  hashcode: string,
  format: EurekaFormat,
  shape: EurekaShape,
  _isEmpty: boolean,
): string {
  if (format === "json") {
    if (shape === "compact") return '{"applications":{"application":[';
    return `{"applications":{"versions__delta":${JSON.stringify(versionsDelta)},"apps__hashcode":${JSON.stringify(hashcode)},"application":[`;
  }
  if (shape === "compact") return "<applications>";
  const version = `  <versions__delta>${xmlText(versionsDelta)}</versions__delta>\n`;
  return `<applications>\n${version}  <apps__hashcode>${xmlText(hashcode)}</apps__hashcode>\n`;
}

/** What stands after the last application. */
export function applicationsTail(
  versionsDelta: string,
  hashcode: string,
  format: EurekaFormat,
  shape: EurekaShape,
  isEmpty: boolean,
): string {
  if (shape === "full") return format === "json" ? "]}}" : "</applications>";
  if (format === "json") {
    return `],"registeredApplicationsEmpty":${isEmpty},"versions__delta":${JSON.stringify(versionsDelta)},"apps__hashcode":${JSON.stringify(hashcode)}}}`;
  }
  const empty = `<registeredApplicationsEmpty>${isEmpty}</registeredApplicationsEmpty>`;
  const version = `<versions__delta>${xmlText(versionsDelta)}</versions__delta>`;
  return `${empty}${version}<apps__hashcode>${xmlText(hashcode)}</apps__hashcode></applications>`;
}

function withoutLastNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
