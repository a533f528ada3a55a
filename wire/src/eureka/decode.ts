import { type Fields, fieldsOf, listOf, refuse, textOf } from "./fields.ts";
import { parseJson } from "./parse-json.ts";
import { parseXml } from "./parse-xml.ts";
import { readInstance } from "./read-instance.ts";
import type { EurekaApplication, EurekaApplications, EurekaFormat, EurekaInstance } from "./types.ts";

/**
 * One instance, wrapped (`{"instance":…}`, `<instance>`) or bare.
 *
 * @throws PlatformError `BODY_INVALID` (400) with the place and what is wrong there.
 */
export function decodeInstance(text: string, format: EurekaFormat): EurekaInstance {
  return readInstance(rootOf(text, format, "instance"), format, "instance");
}

/** One application, wrapped or bare. @throws PlatformError `BODY_INVALID` (400). */
export function decodeApplication(text: string, format: EurekaFormat): EurekaApplication {
  return readApplication(rootOf(text, format, "application"), format, "application");
}

/** All applications, wrapped or bare, of a server or of a delta. @throws PlatformError `BODY_INVALID` (400). */
export function decodeApplications(text: string, format: EurekaFormat): EurekaApplications {
  const root = rootOf(text, format, "applications");
  // `<applications/>` has no fields at all.
  const fields: Fields = root === "" ? new Map() : fieldsOf(root, "applications");
  return {
    versionsDelta: textOf(fields, "versions__delta", "applications") ?? "1",
    appsHashcode: textOf(fields, "apps__hashcode", "applications") ?? "",
    applications: listOf(fields.get("application")).map((item, i) => {
      return readApplication(item, format, `applications.application.${i}`);
    }),
  };
}

function readApplication(value: unknown, format: EurekaFormat, path: string): EurekaApplication {
  const fields = fieldsOf(value, path);
  const instances = listOf(fields.get("instance"));
  return {
    name: (textOf(fields, "name", path) ?? "").toUpperCase(),
    instances: instances.map((item, i) => readInstance(item, format, `${path}.instance.${i}`)),
  };
}

function rootOf(text: string, format: EurekaFormat, name: string): unknown {
  if (format === "xml") {
    const { root, value } = parseXml(text);
    if (root !== name) refuse(`body: must be <${name}>, got <${root.slice(0, 40)}>`);
    const inner: unknown = value instanceof Map ? unwrapped(value as Fields, name) : value;
    return inner === "" && name !== "applications"
      ? new Map()
      : typeof inner === "string" && inner.trim() === ""
        ? ""
        : inner;
  }
  const value = parseJson(text);
  return value instanceof Map ? unwrapped(value as Fields, name) : value;
}

function unwrapped(fields: Fields, name: string): unknown {
  const inner = fields.get(name);
  // A bare list of applications has a field `application`, too, but not one named like itself.
  return inner === undefined || fields.has("hostName") || fields.has("name") ? fields : inner;
}
