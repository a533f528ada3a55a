import type { Agreement, DiscoveryView, RegistryState } from "@holdfast/wire/control";

const differencesShown = 5;

/** The state of discovery in one sentence, and what is wrong with it. */
export function discoveryVerdict(
  registries: readonly RegistryState[],
  agreement: Agreement,
  listed: { readonly instances: number; readonly apps: number },
): Pick<DiscoveryView, "verdict" | "sentence" | "reasons"> {
  const reasons = [
    ...registries.flatMap(reasonsOf),
    ...partitions(registries),
    ...agreement.differences.slice(0, differencesShown),
    ...(agreement.differences.length > differencesShown
      ? [`and ${agreement.differences.length - differencesShown} more differences`]
      : []),
  ];
  const answering = registries.filter((registry) => registry.reachable).length;
  if (answering === 0) {
    return { verdict: "down", sentence: "No registry answers; callers go on with the view they have", reasons };
  }
  const all = registries.length;
  const who =
    answering < all
      ? `${answering} of ${plural(all, "registry", "registries")} ${answering === 1 ? "answers" : "answer"}`
      : "";
  const what = `${plural(listed.instances, "instance")} of ${plural(listed.apps, "app")}`;
  const sentence = sentenceOf(agreement, who, answering, what);
  return { verdict: reasons.length === 0 && who === "" ? "healthy" : "degraded", sentence, reasons };
}

function sentenceOf(agreement: Agreement, who: string, answering: number, what: string): string {
  switch (agreement.state) {
    case "agree":
      return who === "" ? `${answering} registries agree on ${what}` : `${who}, and agree on ${what}`;
    case "differ":
      return `${who === "" ? `${answering} registries answer` : who}, and do not agree on ${what}`;
    default:
      return who === "" ? `The registry lists ${what}` : `${who}, and lists ${what}`;
  }
}

function reasonsOf({ name, reachable, reason, summary }: RegistryState): string[] {
  if (!reachable || summary === null) return [`${name} does not answer: ${reason}`];
  if (summary.draining) return [`${name} is draining: its listeners move to the others`];
  if (!summary.synced) return [`${name} is still asking its peers what they know`];
  return summary.held > 0 ? [`${name}: ${summary.preservation.summary}`] : [];
}

/** Registries that we reach and that do not hear each other. */
function partitions(registries: readonly RegistryState[]): string[] {
  const reached = new Map(registries.filter(({ reachable }) => reachable).map(({ url, name }) => [url, name]));
  return registries.flatMap(({ name, summary }) =>
    (summary?.peers ?? []).flatMap((peer) => {
      const other = reached.get(peer.url);
      if (peer.state === "up" || other === undefined) return [];
      return [`${name} does not hear ${other}${peer.reason === "" ? "" : `: ${peer.reason}`}`];
    }),
  );
}

function plural(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
