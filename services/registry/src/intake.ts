import type { Clock, Log } from "@holdfast/kernel";
import type { ClusterClock } from "./cluster-clock.ts";
import type { Replica } from "./lease.ts";
import type { LeaseTable } from "./lease-table.ts";
import type { ReplicateAnswer } from "./replicate-call.ts";

/** Where everything comes in that peers say of instances, asked for or not. */
export class Intake {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #time: ClusterClock;
  readonly #table: LeaseTable;

  constructor(clock: Clock, log: Log, time: ClusterClock, table: LeaseTable) {
    this.#clock = clock;
    this.#log = log;
    this.#time = time;
    this.#table = table;
  }

  /** Takes in what `via` says; answers with what we know better. */
  take({ replicas, unread }: Pick<ReplicateAnswer, "replicas" | "unread">, via: string): Replica[] {
    if (unread !== undefined) this.#log.warn("registry.peer.unread", { peer: via, ...unread });
    const nowMs = this.#clock.monotonicMs();
    const better: Replica[] = [];
    for (const replica of replicas) {
      const stamp = stampOf(replica);
      if (stamp !== undefined) {
        // Nobody could outbid it, in this life or the next.
        if (!this.#time.isBelievable(stamp)) {
          this.#log.warn("registry.peer.stamp-absurd", { peer: via, stamp });
          continue;
        }
        this.#time.seen(stamp);
      }
      const answer = this.#table.merge(replica, nowMs, via);
      if (answer !== undefined) better.push(answer);
    }
    return better;
  }
}

/** The cluster time it was said at, when it is ordered by that. */
function stampOf(replica: Replica): number | undefined {
  if (replica.kind === "override") return replica.stamp;
  const { incarnation, version } = replica.kind === "record" ? replica.record : replica;
  return incarnation === 0 && version !== Number.MAX_SAFE_INTEGER ? version : undefined;
}
