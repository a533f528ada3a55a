import { availableParallelism } from "node:os";
import type { EurekaFormat, EurekaInstance } from "@holdfast/wire/eureka";
import { encodeInstance } from "@holdfast/wire/eureka";
import type { EurekaStore } from "./store.ts";

export interface StatusInfoOptions {
  readonly wallMs: number;
  readonly environment: string;
  /** The registry itself, as an instance. */
  readonly self: EurekaInstance;
}

const mebibyte = 1024 * 1024;

/** Eureka's `GET status`, in the spelling of its `StatusInfo` (`isHeathly` included). */
export function statusInfoText(store: EurekaStore, options: StatusInfoOptions, format: EurekaFormat): string {
  const general = generalStats(store.startedAtMs, options);
  const replicas = applicationStats(store);
  const healthy = store.serving;
  if (format === "json") {
    const instance: unknown = JSON.parse(encodeInstance(options.self, "json", "full"));
    const instanceInfo =
      typeof instance === "object" && instance !== null && "instance" in instance ? instance.instance : {};
    // Their Jackson codec spells it `healthy`; the field, and so their XML, `isHeathly`.
    const info = { generalStats: general, applicationStats: replicas, instanceInfo, isHeathly: healthy, healthy };
    return JSON.stringify(info);
  }
  const instance = encodeInstance(options.self, "xml", "full").trim();
  const inner = instance.replace(/^<instance>/, "<instanceInfo>").replace(/<\/instance>$/, "</instanceInfo>");
  const lines = [
    "<com.netflix.eureka.util.StatusInfo>",
    ...element("generalStats", general),
    ...element("applicationStats", replicas),
    inner.replaceAll(/^/gm, "  "),
    `  <isHeathly>${healthy}</isHeathly>`,
    "</com.netflix.eureka.util.StatusInfo>",
  ];
  return `${lines.join("\n")}\n`;
}

function element(name: string, values: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(values).map(([key, value]) => `    <${key}>${escape(value)}</${key}>`);
  return [`  <${name}>`, ...lines, `  </${name}>`];
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function generalStats(startedAtMs: number, options: StatusInfoOptions): Record<string, string> {
  const { heapTotal, heapUsed } = process.memoryUsage();
  const [total, used] = [Math.round(heapTotal / mebibyte), Math.round(heapUsed / mebibyte)];
  return {
    environment: options.environment,
    "num-of-cpus": String(availableParallelism()),
    "total-avail-memory": `${total}mb`,
    "current-memory-usage": `${used}mb (${Math.floor((used / total) * 100)}%)`,
    "server-uptime": uptimeText(options.wallMs - startedAtMs),
  };
}

/** `[x day[s] ]hh:mm` */
export function uptimeText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const days = Math.floor(minutes / 1_440);
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
  return days === 0 ? clock : `${days} ${days === 1 ? "day" : "days"} ${clock}`;
}

function applicationStats(store: EurekaStore): Record<string, string> {
  const peers = store.peers();
  const urls = (state: boolean): string =>
    peers
      .filter((peer) => (peer.state === "up") === state)
      .map((peer) => `${peer.url},`)
      .join("");
  return {
    "registered-replicas": peers.map((peer) => peer.url).join(","),
    "available-replicas": urls(true),
    "unavailable-replicas": urls(false),
  };
}
