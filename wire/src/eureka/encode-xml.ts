import { compactDataCenter, isSid } from "./encode-json.ts";
import type { EurekaDataCenter, EurekaInstance, EurekaPort } from "./types.ts";
import { xmlName, xmlText } from "./xml-names.ts";

const emptyMetadata = '<metadata class="java.util.Collections$EmptyMap"/>';

/** Writes elements with XStream's indentation, or without any. */
class Elements {
  text = "";
  #indent: string;
  readonly #pretty: boolean;

  constructor(depth: number, pretty: boolean) {
    this.#indent = pretty ? "  ".repeat(depth) : "";
    this.#pretty = pretty;
  }

  line(text: string): void {
    this.text += this.#pretty ? `${this.#indent}${text}\n` : text;
  }

  leaf(name: string, value: string | number | boolean | undefined): void {
    if (value !== undefined) this.line(`<${name}>${xmlText(String(value))}</${name}>`);
  }

  within(open: string, close: string, write: () => void): void {
    this.line(open);
    const before = this.#indent;
    if (this.#pretty) this.#indent += "  ";
    write();
    this.#indent = before;
    this.line(close);
  }
}

/** `XStreamXml`: the server's default. `depth` 0 for an instance alone, 2 inside a list of applications. */
export function fullXml(one: EurekaInstance, depth: number): string {
  const out = new Elements(depth, true);
  const { leaseInfo: lease } = one;
  out.within("<instance>", "</instance>", () => {
    out.leaf("instanceId", one.instanceId);
    out.leaf("hostName", one.hostName);
    out.leaf("app", one.app);
    out.leaf("ipAddr", one.ipAddr);
    if (isSid(one.sid)) out.leaf("sid", one.sid);
    out.leaf("status", one.status);
    out.leaf("overriddenstatus", one.overriddenStatus);
    port(out, "port", one.port);
    port(out, "securePort", one.securePort);
    out.leaf("countryId", one.countryId);
    if (one.dataCenterInfo !== undefined) dataCenter(out, one.dataCenterInfo);
    if (lease !== undefined) {
      out.within("<leaseInfo>", "</leaseInfo>", () => {
        out.leaf("renewalIntervalInSecs", lease.renewalIntervalInSecs);
        out.leaf("durationInSecs", lease.durationInSecs);
        out.leaf("registrationTimestamp", lease.registrationTimestamp);
        out.leaf("lastRenewalTimestamp", lease.lastRenewalTimestamp);
        out.leaf("evictionTimestamp", lease.evictionTimestamp);
        out.leaf("serviceUpTimestamp", lease.serviceUpTimestamp);
      });
    }
    map(out, one.metadata);
    for (const name of ["appGroupName", "homePageUrl", "statusPageUrl", "healthCheckUrl"] as const) {
      out.leaf(name, one[name]);
    }
    for (const name of ["secureHealthCheckUrl", "vipAddress", "secureVipAddress"] as const) out.leaf(name, one[name]);
    out.leaf("isCoordinatingDiscoveryServer", one.isCoordinatingDiscoveryServer);
    out.leaf("lastUpdatedTimestamp", one.lastUpdatedTimestamp);
    out.leaf("lastDirtyTimestamp", one.lastDirtyTimestamp);
    out.leaf("actionType", one.actionType);
    out.leaf("asgName", one.asgName);
  });
  return out.text;
}

/** `JacksonXmlMini`. */
export function compactXml(one: EurekaInstance): string {
  const out = new Elements(0, false);
  out.within("<instance>", "</instance>", () => {
    out.leaf("instanceId", one.instanceId);
    out.leaf("app", one.app);
    out.leaf("ipAddr", one.ipAddr);
    out.leaf("vipAddress", one.vipAddress);
    out.leaf("secureVipAddress", one.secureVipAddress);
    if (one.dataCenterInfo !== undefined) dataCenter(out, compactDataCenter(one.dataCenterInfo));
    out.leaf("hostName", one.hostName);
    out.leaf("status", one.status);
    out.leaf("lastUpdatedTimestamp", one.lastUpdatedTimestamp);
    out.leaf("actionType", one.actionType);
    out.leaf("asgName", one.asgName);
    port(out, "port", one.port);
    port(out, "securePort", one.securePort);
  });
  return out.text;
}

function port(out: Elements, name: string, value: EurekaPort): void {
  out.line(`<${name} enabled="${value.enabled}">${value.port}</${name}>`);
}

function dataCenter(out: Elements, center: EurekaDataCenter): void {
  const { metadata } = center;
  out.within(`<dataCenterInfo class="${xmlText(center.class)}">`, "</dataCenterInfo>", () => {
    out.leaf("name", center.name);
    if (metadata !== undefined) map(out, metadata);
  });
}

function map(out: Elements, entries: Readonly<Record<string, string>>): void {
  const keys = Object.keys(entries);
  // An empty key has no name in XML.
  if (keys.every((key) => key === "")) return out.line(emptyMetadata);
  out.within("<metadata>", "</metadata>", () => {
    for (const key of keys) if (key !== "") out.leaf(xmlName(key), entries[key]);
  });
}
