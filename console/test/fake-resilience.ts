import type { BalancerReport, CallerReport, CommandReport, ResilienceView, ServerReport } from "@holdfast/wire";
import type { InstanceView } from "@holdfast/wire/control";

const at = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString();

function command(key: string, more: Partial<CommandReport> = {}): CommandReport {
  return {
    key,
    group: key,
    state: "closed",
    why: "it has never been open",
    trialInMs: null,
    requests: 140,
    errors: 0,
    errorPercentage: 0,
    windowMs: 10_000,
    active: 1,
    limit: 1_000,
    events: { SUCCESS: 140, COMMAND_MAX_ACTIVE: 4 },
    latencyMs: { mean: 4.2, p50: 3.1, p90: 7.7, p99: 21.4, p995: 30.2 },
    history: [],
    properties: {
      "execution.isolation.strategy": "SEMAPHORE",
      "execution.isolation.thread.timeoutInMilliseconds": 10_000,
      "circuitBreaker.requestVolumeThreshold": 20,
      "circuitBreaker.errorThresholdPercentage": 50,
    },
    ...more,
  };
}

function server(instance: InstanceView, more: Partial<ServerReport> = {}): ServerReport {
  return {
    instance: instance.id,
    zone: instance.zone,
    origin: `http://${instance.address}:${instance.port}`,
    outstanding: 0,
    ewmaMs: 3.4,
    requests: 412,
    failures: 0,
    weight: 1,
    ejected: null,
    ...more,
  };
}

function balancer(app: string, servers: readonly ServerReport[], more: Partial<BalancerReport> = {}): BalancerReport {
  return {
    app,
    picker: "power-of-two",
    zone: "local-1a",
    why: "all servers are used",
    panic: false,
    calls: 1_236,
    retries: 0,
    hedges: 1,
    budgetRefused: 0,
    budgetLeft: 50,
    servers,
    history: [],
    attempts: [],
    ...more,
  };
}

/** Three callers: one circuit open in one of them, one with timeouts, one that is refused by force; a server put out. */
export function fakeResilience(instances: readonly InstanceView[]): ResilienceView {
  const callers = instances.filter(({ name }) => name === "api").map((caller, i) => callerOf(caller, i, instances));
  return { at: at(0), callers, silent: [{ service: "users", instance: "i-0badf00d", why: "no answer within 1 s" }] };
}

function callerOf(caller: InstanceView, i: number, instances: readonly InstanceView[]): CallerReport {
  const of = (app: string): InstanceView[] => instances.filter(({ name }) => name === app);
  const open: Partial<CommandReport> = {
    state: "open",
    why: "31 of 40 calls failed: 77 %, from 50 % on it opens",
    trialInMs: 640,
    requests: 40,
    errors: 31,
    errorPercentage: 77,
    events: { SUCCESS: 9, FAILURE: 22, TIMEOUT: 9, SHORT_CIRCUITED: 61 },
    history: [
      {
        at: at(62_000),
        to: "open",
        why: "25 of 48 calls failed: 52 %, from 50 % on it opens",
        requests: 48,
        errors: 25,
        errorPercentage: 52,
      },
      {
        at: at(60_900),
        to: "half-open",
        why: "a trial call is let through",
        requests: 48,
        errors: 25,
        errorPercentage: 52,
      },
      { at: at(60_800), to: "closed", why: "1 of 1 trial calls succeeded", requests: 0, errors: 0, errorPercentage: 0 },
      {
        at: at(400),
        to: "open",
        why: "31 of 40 calls failed: 77 %, from 50 % on it opens",
        requests: 40,
        errors: 31,
        errorPercentage: 77,
      },
    ],
  };
  const slow = {
    requests: 90,
    errors: 4,
    errorPercentage: 4,
    events: { SUCCESS: 86, TIMEOUT: 3, FAILURE: 1 },
    latencyMs: { mean: 91, p50: 62, p90: 240, p99: 980, p995: 1_000 },
  };
  const [first, ...others] = of("catalog");
  const ejected = { forMs: 1_720, why: "could not be connected to, 2 times in a row", times: 2 };
  const servers =
    first === undefined ? [] : [server(first, { ejected, failures: 3 }), ...others.map((one) => server(one))];
  const attempts = [
    { instance: first?.id ?? "", zone: "local-1a", startedMs: 0, tookMs: 4.1, kind: "first", outcome: "not-executed" },
    { instance: others[0]?.id ?? "", zone: "local-1b", startedMs: 4.2, tookMs: 7.9, kind: "retry", outcome: "200" },
  ] as const;
  return {
    service: caller.name,
    instance: caller.id,
    zone: caller.zone,
    commands: [
      command("catalog"),
      command("ratings", i === 1 ? open : {}),
      command("recommendations", slow),
      command("billing-and-invoicing-of-the-legacy-system:create-invoice", {
        group: "billing",
        state: "forced-open",
        why: "circuitBreaker.forceOpen is set: every call is refused",
        requests: 0,
        events: { SHORT_CIRCUITED: 12 },
      }),
    ],
    balancers: [
      balancer("catalog", i === 0 ? servers : of("catalog").map((one) => server(one)), {
        ...(i === 0 ? { why: "1 of 3 servers is ejected", retries: 3 } : {}),
        history: [
          {
            at: at(2_280),
            instance: first?.id ?? "",
            what: "ejected",
            why: "could not be connected to: out for 4000 ms",
          },
        ],
        attempts: [{ at: at(2_300), method: "GET", path: "/titles", tookMs: 12.1, outcome: "200", attempts }],
      }),
      balancer(
        "ratings",
        of("ratings").map((one) => server(one, { weight: i === 2 ? 0.4 : 1 })),
      ),
    ],
  };
}
