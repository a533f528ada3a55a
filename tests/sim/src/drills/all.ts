import type { Stage } from "../stage.ts";
import { crowd, earlierRenewals, lateEnds } from "./agents.ts";
import { exchanges, lastWords, lostCalls, oldNews, rejoining } from "./exchanges.ts";
import {
  allRestart,
  deafness,
  draining,
  homecoming,
  newLife,
  restartedAlone,
  resuming,
  seen,
  swap,
} from "./listening.ts";
import { answers, strangers, uncalled } from "./one-way.ts";
import { claims, clocks, ended, flapping, overrides } from "./order.ts";
import { failingOver, frozen, isolation, massSilence, movedAway, standstill } from "./silence.ts";

/** Stories whose end is known, by what they are about. */
export const drills: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  "what happened while a link was cut is known when it is there again": exchanges,
  "a single lost call costs a timeout and an exchange": lostCalls,
  "who is killed is gone a lease later, whoever restarts meanwhile": oldNews,
  "a registry that restarts answers nobody before it knows what its peers know": rejoining,
  "what a registry took in its last moment its peers know": lastWords,
  "a registry that hears no peer keeps whom it knew through them": isolation,
  "with a peer unheard a registry keeps whom it knew through it": massSilence,
  "those who went where they cannot be heard are not all let go": movedAway,
  "a registry that stood still takes nobody for dead": standstill,
  "an instance that froze is gone, and comes back as the same one": frozen,
  "an instance whose registry dies or hangs is lost to nobody": failingOver,
  "a stream that resumes has missed nothing": resuming,
  "a registry's earlier life is not its present one": newLife,
  "when all registries restart at once no listener loses anybody": allRestart,
  "a listener of a silent registry goes on with another": deafness,
  "a change that was waited for has been seen by all": seen,
  "an operator's latest word counts everywhere": overrides,
  "with wall clocks an hour apart the latest word of Eureka's clients counts": clocks,
  "of two processes of one id the later start counts": claims,
  "what was ended for good does not come back": ended,
  "a registry that restarts alone takes nobody away": restartedAlone,
  "one that goes and one that comes are not the same": swap,
  "a registry that is to end sends its listeners away": draining,
  "whoever had to go elsewhere goes home again": homecoming,
  "who can no longer be called is deaf, not bereaved": uncalled,
  "who asks hears all, though the other cannot call it": answers,
  "registries that never met order what was said before they did": strangers,
  "the end of an earlier start is not that of a later one": lateEnds,
  "an earlier process renews nobody's lease but its own": earlierRenewals,
  "seven hundred instances arrive in portions": crowd,
  "an instance that comes and goes is damped, and shown again": flapping,
};
