import type { ServiceView, StatusView, ZoneView } from "@holdfast/wire/control";

export interface Verdict {
  readonly verdict: StatusView["verdict"];
  /** One sentence for a person. */
  readonly sentence: string;
  /** What is waited for or wrong, one line each. */
  readonly reasons: readonly string[];
}

/** How the stack is, in one word, one sentence and one line for each thing that is not as it should be. */
export function verdictOf(services: readonly ServiceView[], zones: readonly ZoneView[]): Verdict {
  const apps = services.filter((service) => service.kind === "app");
  if (apps.length === 0) {
    const sentence = "No application is deployed yet";
    return { verdict: "starting", sentence, reasons: ["waits for an application: holdfast up"] };
  }
  const silent = zones.filter((zone) => zone.agent === "unreachable");
  const ailing = services.filter((service) => service.state !== "healthy").toSorted(worstFirst);
  const reasons = [
    ...ailing.map((service) => `${service.name}: ${service.up} of ${service.desired} up${tail(service.reason)}`),
    ...silent.map((zone) => `${zone.name}: its agent does not answer`),
  ];
  return { verdict: wordFor(apps, ailing, silent), sentence: sentenceFor(apps, ailing, zones, silent), reasons };
}

const severity = { down: 0, degraded: 1, starting: 2, healthy: 3 } as const;

function worstFirst(a: ServiceView, b: ServiceView): number {
  return severity[a.state] - severity[b.state];
}

function tail(reason: string): string {
  return reason === "" ? "" : ` (${reason})`;
}

function wordFor(
  apps: readonly ServiceView[],
  ailing: readonly ServiceView[],
  silent: readonly ZoneView[],
): StatusView["verdict"] {
  // Without anything that passes requests on, nobody outside reaches the best of applications.
  const blocked = ailing.some((service) => service.kind !== "app" && service.state === "down");
  if (blocked || apps.every((service) => service.state === "down")) return "down";
  if (ailing.some((service) => service.state === "down" || service.state === "degraded")) return "degraded";
  if (ailing.length > 0) return "starting";
  return silent.length > 0 ? "degraded" : "healthy";
}

function sentenceFor(
  apps: readonly ServiceView[],
  ailing: readonly ServiceView[],
  zones: readonly ZoneView[],
  silent: readonly ZoneView[],
): string {
  const [first, ...others] = ailing;
  if (first === undefined) {
    const where = zones.length === 1 ? "1 zone" : `${zones.length} zones`;
    const what = apps.length === 1 ? "1 service" : `${apps.length} services`;
    if (silent[0] !== undefined) return `${what} healthy, but the agent of ${silent[0].name} does not answer`;
    return apps.length === 1 ? `The 1 service is healthy in ${where}` : `All ${what} healthy in ${where}`;
  }
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `${first.name} ${first.state}: ${first.up} of ${first.desired} up${tail(first.reason)}${more}`;
}
