import type { Everything } from "../everything.ts";

/** The object of `utilization.stream` (Hystrix's SerialHystrixUtilization). */
export function utilizationMessage(all: Everything): Record<string, unknown> {
  return {
    type: "HystrixUtilization",
    commands: Object.fromEntries([...all.commands].map(({ key, active }) => [key, { activeCount: active }])),
    threadpools: Object.fromEntries(
      [...all.pools].map((pool) => [
        pool.key,
        {
          activeCount: pool.active,
          queueSize: pool.queued,
          corePoolSize: pool.coreSize,
          poolSize: pool.size,
        },
      ]),
    ),
  };
}
