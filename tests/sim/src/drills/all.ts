import type { Stage } from "../stage.ts";
import { exchanges, lastWords, lostCalls, oldNews, rejoining } from "./exchanges.ts";
import { allRestart, deafness, newLife, resuming, seen } from "./listening.ts";
import { claims, clocks, ended, flapping, overrides } from "./order.ts";
import { failingOver, frozen, isolation, massSilence, standstill } from "./silence.ts";

/** Stories whose end is known, by what they are about. */
export const drills: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  "what happened while a link was cut is known when it is there again": exchanges,
  "a single lost call costs a timeout and an exchange": lostCalls,
  "who is killed is gone a lease later, whoever restarts meanwhile": oldNews,
  "a registry that restarts answers nobody before it knows what its peers know": rejoining,
  "what a registry took in its last moment its peers know": lastWords,
  "a registry that hears no peer keeps whom it knew through them": isolation,
  "with a peer unheard a registry keeps half of each app": massSilence,
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
  "an instance that comes and goes is damped, and shown again": flapping,
};
