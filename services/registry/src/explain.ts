import type {
  LeaseExplanation,
  OverrideView,
  PreservationGroup,
  PreservationView,
  ProbeView,
  RegistryEvent,
  RegistryProfile,
} from "@holdfast/wire";
import { type ExpiryPolicy, groupKey } from "./expiry-policy.ts";
import type { Lease } from "./lease.ts";
import type { LeaseTable } from "./lease-table.ts";
import { seconds } from "./words.ts";

export interface Question {
  readonly app: string;
  readonly id: string;
  /** Of the peer that answers. */
  readonly name: string;
  readonly profile: RegistryProfile;
  readonly views: readonly ProbeView[];
  readonly events: readonly RegistryEvent[];
  readonly held: OverrideView | null;
  readonly now: { readonly monotonicMs: number; readonly wallMs: number };
}

/** Says why callers see an instance as they do, or do not see it: the state, then every reason with its weight. */
export function explainLease(table: LeaseTable, policy: ExpiryPolicy, question: Question): LeaseExplanation {
  const lease = table.lease(question.app, question.id);
  return lease === undefined ? explainAbsence(table, question) : explainPresence(table, policy, question, lease);
}

function explainPresence(
  table: LeaseTable,
  policy: ExpiryPolicy,
  question: Question,
  lease: Readonly<Lease>,
): LeaseExplanation {
  const { monotonicMs: nowMs } = question.now;
  const { app, id, held: override, views, events } = question;
  const { record, shown } = lease;
  const damping = table.damping(lease.key, nowMs);
  const ageMs = Math.max(0, Math.round(nowMs - lease.renewedAtMs));
  const leftMs = Math.round(table.remainingMs(lease, nowMs));
  const reasons: string[] = [];
  if (lease.heldFor !== undefined) reasons.push(`its lease is over and it is kept: ${lease.heldFor}`);
  if (override !== null) reasons.push(`${override.by} has set it to ${override.status}: ${override.reason}`);
  if (override !== null && shown.status !== override.status) {
    reasons.push(`the override does not show, because the instance says ${record.status} of itself`);
  }
  if (damping !== null) {
    reasons.push(
      `it came and went ${damping.flaps} times lately: shown again after ${seconds(damping.untilMs)} of peace`,
    );
  }
  reasons.push(`the instance says ${record.status} of itself`);
  reasons.push(`it renewed ${seconds(ageMs)} ago ${lease.via === undefined ? "here" : `at ${lease.via}`}`);
  reasons.push(...views.map((view) => `seen from ${view.zone}: ${view.verdict}, ${view.detail}`));
  const until = leftMs >= 0 ? `its lease lives ${seconds(leftMs)} more` : `its lease ended ${seconds(-leftMs)} ago`;
  return {
    app,
    id,
    state: lease.heldFor === undefined ? "live" : "held",
    status: shown.status,
    summary: `${app}/${id} is ${shown.status}: ${whyStatus(lease, override !== null, damping !== null)}; ${until}.`,
    reasons,
    lease: {
      durationMs: table.leaseMsOf(lease),
      renewedMsAgo: ageMs,
      expiresInMs: leftMs,
      via: lease.via ?? "instance",
    },
    owner: { status: record.status, incarnation: record.incarnation, version: record.version },
    override,
    damping,
    probes: views,
    protection: groupOf(table, policy, app, record.zone),
    removal: null,
    events,
  };
}

function whyStatus(lease: Readonly<Lease>, isOverridden: boolean, isDamped: boolean): string {
  const { record, shown } = lease;
  if (shown.status === record.status)
    return isOverridden ? "so it says itself, and an override agrees or gives way" : "so it says itself";
  if (isOverridden) return `an operator's override outweighs its own ${record.status}`;
  return isDamped ? "it comes and goes too often" : `its own word is ${record.status}`;
}

function explainAbsence(table: LeaseTable, question: Question): LeaseExplanation {
  const { app, id, name, now, views, events, held: override } = question;
  const absent = { app, id, status: null, lease: null, owner: null, override, damping: null, protection: null };
  const tombstone = table.tombstone(app, id);
  if (tombstone === undefined) {
    const last = events.at(-1);
    const summary = `${app}/${id} is not known at ${name}: it never registered here, or that is too long ago.`;
    const reasons = last === undefined ? [] : [`the last that was heard of it: ${last.detail} (${last.at})`];
    return { ...absent, state: "unknown", summary, reasons, probes: views, removal: null, events };
  }
  const agoMs = Math.max(0, now.monotonicMs - tombstone.atMs);
  const at = new Date(now.wallMs - agoMs).toISOString();
  const rememberedForMs = Math.max(0, Math.round(tombstone.keepMs - agoMs));
  const comeBack =
    tombstone.renewedAtMs === undefined
      ? "a later start or a later account of it may register"
      : "it is shown again as soon as it renews or registers";
  return {
    ...absent,
    state: "removed",
    summary: `${app}/${id} was taken out ${seconds(agoMs)} ago: ${tombstone.cause}.`,
    reasons: [comeBack, `late messages cannot bring it back for another ${seconds(rememberedForMs)}`],
    probes: views,
    removal: { cause: tombstone.cause, at, rememberedForMs },
    events,
  };
}

/** Self-preservation of every group, and in one sentence. */
export function preservationOf(table: LeaseTable, policy: ExpiryPolicy, nowMs: number): PreservationView {
  const groups = new Map<string, { app: string; zone: string; instances: number; held: number }>();
  for (const { record, heldFor } of table.leases()) {
    const key = groupKey(record.app, record.zone);
    const group = groups.get(key) ?? { app: record.app, zone: record.zone, instances: 0, held: 0 };
    group.instances += 1;
    if (heldFor !== undefined) group.held += 1;
    groups.set(key, group);
  }
  const views = Array.from(groups.values(), (group): PreservationGroup => {
    return { ...group, engaged: group.held > 0, reason: policy.explain(group.instances, group.held) };
  });
  const held = views.reduce((sum, group) => sum + group.held, 0);
  const { lastMinute, threshold } = policy.renewals(nowMs);
  const summary =
    held === 0
      ? "Every lease that is over has ended: what is listed renews."
      : `${held} of ${table.size} instances have not renewed in time and are kept, because it may be this registry that cannot hear.`;
  return { engaged: held > 0, summary, renewsLastMinute: lastMinute, threshold, groups: views };
}

function groupOf(table: LeaseTable, policy: ExpiryPolicy, app: string, zone: string): PreservationGroup {
  let [instances, held] = [0, 0];
  for (const lease of table.leases(app)) {
    if (lease.record.zone !== zone) continue;
    instances += 1;
    if (lease.heldFor !== undefined) held += 1;
  }
  return { app, zone, instances, held, engaged: held > 0, reason: policy.explain(instances, held) };
}
