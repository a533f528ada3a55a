import type { Config } from "@holdfast/config";
import type { Clock } from "@holdfast/kernel";
import type { Everything } from "../everything.ts";
import type { LogEntry } from "../request-context.ts";
import { configMessage } from "./config-message.ts";
import { collapserMessage, commandMessage, threadPoolMessage } from "./dashboard-messages.ts";
import { EventStream, type OpenSource, type StreamHandler } from "./event-stream.ts";
import { textOf } from "./in-order.ts";
import { requestMessage } from "./request-message.ts";
import { utilizationMessage } from "./utilization-message.ts";

/** Handlers for Hystrix's four streams, by the paths they have there. */
export interface HystrixStreams {
  readonly "/hystrix.stream": StreamHandler;
  readonly "/hystrix/config.stream": StreamHandler;
  readonly "/hystrix/utilization.stream": StreamHandler;
  readonly "/hystrix/request.stream": StreamHandler;
}

/** Requests kept for the readers of `request.stream` between two samples; older ones are dropped. */
const requestsMax = 1_000;
const requestDelayMs = 500;

/**
 * The streams of a process. Connections are limited for each stream (`hystrix.config.stream.maxConcurrentConnections`, 5),
 * intervals are `hystrix.stream.{dashboard|config|utilization}.intervalInMilliseconds` (500, 5,000, 500).
 */
export function hystrixStreams(
  clock: Clock,
  config: Config,
  all: Everything,
  onRequestLog: (listener: (log: readonly LogEntry[]) => void) => () => void,
): HystrixStreams {
  const most = config.property("hystrix.config.stream.maxConcurrentConnections", 5);
  const max = (): number => most.get();
  const every = (name: string, ms: number): (() => number) => {
    const property = config.property(`hystrix.stream.${name}.intervalInMilliseconds`, ms);
    return () => Math.max(1, property.get());
  };
  const dashboard = new EventStream(clock, max, {
    open: () => ({ messages: () => dashboardMessages(clock, all) }),
    delayMs: every("dashboard", 500),
    pings: true,
  });
  const configuration = new EventStream(clock, max, {
    open: () => ({ messages: () => [JSON.stringify(configMessage(all))] }),
    delayMs: every("config", 5_000),
    pings: false,
  });
  const utilization = new EventStream(clock, max, {
    open: () => ({ messages: () => [JSON.stringify(utilizationMessage(all))] }),
    delayMs: every("utilization", 500),
    pings: false,
  });
  const requests = new EventStream(clock, max, {
    open: () => requestSource(onRequestLog),
    delayMs: () => requestDelayMs,
    pings: true,
  });
  return {
    "/hystrix.stream": (request, response) => dashboard.handle(request, response),
    "/hystrix/config.stream": (request, response) => configuration.handle(request, response),
    "/hystrix/utilization.stream": (request, response) => utilization.handle(request, response),
    "/hystrix/request.stream": (request, response) => requests.handle(request, response),
  };
}

function dashboardMessages(clock: Clock, all: Everything): string[] {
  const nowMs = clock.monotonicMs();
  const wallMs = clock.wallMs();
  return [
    ...[...all.commands].map((state) => textOf(commandMessage(state))),
    ...[...all.pools].map((pool) => textOf(threadPoolMessage(pool))),
    ...[...all.collapsers].map((state) => textOf(collapserMessage(state, nowMs, wallMs))),
  ];
}

/** What one reader hears: the requests that ended while it was connected. Without readers nothing is kept. */
function requestSource(onRequestLog: (listener: (log: readonly LogEntry[]) => void) => () => void): OpenSource {
  let ended: string[] = [];
  const close = onRequestLog((log) => {
    if (ended.length < requestsMax) ended.push(JSON.stringify(requestMessage(log)));
  });
  return {
    messages: () => {
      const now = ended;
      ended = [];
      return now;
    },
    close,
  };
}
