import { type Clock, type InstanceId, PlatformError } from "@holdfast/kernel";
import { isNewer } from "@holdfast/wire";
import { type Account, keyOf, type Replica, sameRenewalMs } from "./lease.ts";
import type { RegistryIdentity, RegistryParts } from "./registry-parts.ts";
import type { ReplicateAnswer, ReplicateRequest } from "./replicate-call.ts";

/** Our side of what other registries call: takes in what they say and answers with what we know better. */
export class PeerAnswers {
  readonly #clock: Clock;
  readonly #identity: RegistryIdentity;
  readonly #parts: RegistryParts;

  constructor(clock: Clock, identity: RegistryIdentity, parts: RegistryParts) {
    this.#clock = clock;
    this.#identity = identity;
    this.#parts = parts;
  }

  /**
   * `synced`: whether we know what our own peers know.
   *
   * @throws PlatformError `PEER_CLOCK_ABSURD` (409) when the peer's clock cannot be believed.
   */
  async answer(request: ReplicateRequest, synced: boolean): Promise<ReplicateAnswer> {
    const { from, clockMs } = request;
    const { time, peers, hub, table } = this.#parts;
    if (clockMs !== undefined && !time.witness(clockMs, from)) {
      const message = `registry ${from}: its clock is days ahead of ours; set the clock of one of the two`;
      throw new PlatformError("PEER_CLOCK_ABSURD", message, { status: 409 });
    }
    peers.heard(from);
    const answer = { ...this.#merge(request), ...this.#standing(request), synced };
    if (request.probe !== undefined) return { ...answer, ...(await this.#look(request.probe)) };
    if (request.awaitSeenMs === 0 || request.awaitApp === undefined) return answer;
    return { ...answer, seen: await hub.flushAndAwait(table, request.awaitApp, request.awaitSeenMs) };
  }

  #merge(request: ReplicateRequest): Pick<ReplicateAnswer, "replicas" | "unknown"> {
    const { from, part } = request;
    const { intake, table } = this.#parts;
    const nowMs = this.#clock.monotonicMs();
    const better = intake.take(request, from);
    const unknown: [string, InstanceId][] = [];
    for (const [app, id, incarnation, version, ageMs] of request.renewals) {
      const account = { incarnation, version };
      if (!table.mergeRenewal(app, id, account, nowMs, ageMs, from)) unknown.push([app, id]);
      else better.push(...this.#correctionOf(keyOf(app, id), account, nowMs));
    }
    if (part === undefined) return { replicas: better, unknown };
    const all = table.replicas(nowMs, part.index, part.count);
    const said = new Map(request.replicas.map((replica) => [saidKey(replica), replica]));
    // Where accounts of one place differ, too.
    for (const replica of better) said.delete(saidKey(replica));
    return { replicas: all.filter((ours) => !isSame(ours, said.get(saidKey(ours)))), unknown };
  }

  /** It renews an account of which we know a later one. */
  #correctionOf(key: string, account: Account, nowMs: number): Replica[] {
    const lease = this.#parts.table.leaseAt(key);
    if (lease === undefined || !isNewer(lease.record, account)) return [];
    const replica = this.#parts.table.replica(key, nowMs);
    return replica === undefined ? [] : [replica];
  }

  #standing(request: ReplicateRequest): Partial<ReplicateAnswer> {
    const { time, table, policy, peers } = this.#parts;
    const { name, zone } = this.#identity;
    const { replicas: size, bytes } = table.weight;
    // Of what is still on its way the other cannot know.
    const isComparable = request.digest !== undefined && policy.replicates && peers.isQuiet;
    const agrees = isComparable ? { agrees: request.digest === table.digest } : {};
    return { name, zone, clockMs: time.nowMs(), size, bytes, ...agrees };
  }

  async #look(target: { readonly app: string; readonly id: string }): Promise<Partial<ReplicateAnswer>> {
    const record = this.#parts.table.lease(target.app, target.id)?.record;
    if (record === undefined || this.#identity.probe === "off") return {};
    return { probe: await this.#parts.prober.look(record) };
  }
}

function saidKey(replica: Replica): string {
  if (replica.kind === "override") return `override ${keyOf(replica.app, replica.id)}`;
  const { app, id } = replica.kind === "record" ? replica.record : replica;
  return keyOf(app, id);
}

/** Whether the peer said just that: it need not hear it again. */
function isSame(ours: Replica, theirs: Replica | undefined): boolean {
  if (theirs === undefined || ours.kind !== theirs.kind) return false;
  if (ours.kind === "override") return theirs.kind === "override" && ours.stamp === theirs.stamp;
  if (ours.kind === "removal") {
    return (
      theirs.kind === "removal" &&
      isEqual(ours, theirs) &&
      (ours.idleMs === undefined) === (theirs.idleMs === undefined)
    );
  }
  return theirs.kind === "record" && isEqual(ours.record, theirs.record) && ours.ageMs >= theirs.ageMs - sameRenewalMs;
}

function isEqual(a: Account, b: Account): boolean {
  return a.incarnation === b.incarnation && a.version === b.version;
}
