import type { Agent } from "node:http";
import { type Clock, hash32, type Log, type Random } from "@holdfast/kernel";
import type { MeterRegistry } from "@holdfast/metrics";
import type { RegistryProfile, RegistrySettings } from "@holdfast/wire";
import { ClusterClock } from "./cluster-clock.ts";
import { EurekaExpiry } from "./compat/eureka-expiry.ts";
import { EurekaShelf } from "./eureka-shelf.ts";
import { EventLog } from "./event-log.ts";
import type { ExpiryPolicy } from "./expiry-policy.ts";
import { Intake } from "./intake.ts";
import { type LeaseOptions, leaseDefaults } from "./lease-options.ts";
import { LeaseTable } from "./lease-table.ts";
import { ListenerHub } from "./listener-hub.ts";
import { PeerLink } from "./peer-link.ts";
import { PeerSet } from "./peer-set.ts";
import { Preservation } from "./preservation.ts";
import { type ProbeCall, socketProbe } from "./probe.ts";
import { Prober, proberDefaults } from "./prober.ts";
import { profileOf } from "./profiles.ts";
import { RegistryMeters } from "./registry-meters.ts";
import { httpReplicateCall, type ReplicateCall } from "./replicate-call.ts";
import { WallTimes } from "./wall-times.ts";

/** What is exchanged for something simulated under test. */
export interface RegistryPorts {
  /** Makes the call to the peer at a URL. Default: over HTTP. */
  readonly reach?: (url: string) => ReplicateCall;
  /** Looks at an instance's port. Default: over TCP and HTTP. */
  readonly probe?: ProbeCall;
  /** Where it counts what it does. Default: nowhere that anybody looks. */
  readonly meters?: MeterRegistry;
}

/** Which registry this is. */
export interface RegistryIdentity {
  readonly profile: RegistryProfile;
  readonly name: string;
  readonly zone: string;
  readonly region: string;
  readonly probe: NonNullable<RegistrySettings["probe"]>;
  /** Wall ms. */
  readonly startedAtMs: number;
}

/** What a registry is made of, wired together. */
export interface RegistryParts {
  readonly time: ClusterClock;
  readonly table: LeaseTable;
  readonly policy: ExpiryPolicy;
  readonly events: EventLog;
  readonly hub: ListenerHub;
  readonly shelf: EurekaShelf;
  readonly intake: Intake;
  readonly peers: PeerSet;
  readonly prober: Prober;
  readonly meters: RegistryMeters;
}

export function identityOf(clock: Clock, settings: RegistrySettings): RegistryIdentity {
  const { name, zone = name, region = "local-1", profile = "fast", probe = "off" } = settings;
  return { name, zone, region, profile, probe, startedAtMs: clock.wallMs() };
}

/** `leases` overrides the profile's own timings. */
export function makeParts(
  clock: Clock,
  random: Random,
  log: Log,
  agent: Agent,
  identity: RegistryIdentity,
  urls: readonly string[],
  leases: LeaseOptions | undefined,
  ports: RegistryPorts,
): RegistryParts {
  const { name, zone, profile } = identity;
  const time = new ClusterClock(clock, hash32(name), (deltaStamps, from) => {
    table.rebase(deltaStamps, from);
    peers.resync();
  });
  const meters = new RegistryMeters(ports.meters);
  const events = new EventLog(() => clock.wallMs(), meters);
  const policy = profile === "compat" ? new EurekaExpiry(random.child("expiry")) : new Preservation();
  const hub = new ListenerHub(clock, random, meters);
  const tableClock = { nowMs: () => clock.wallMs(), stamp: () => time.stamp() };
  const options = leases ?? { ...leaseDefaults, ...profileOf(profile).leases };
  const table: LeaseTable = new LeaseTable(
    name,
    identity.startedAtMs,
    tableClock,
    policy,
    {
      changed: (change, lease, before) => {
        hub.add(change, table);
        events.addChange(change);
        shelf.changed(change, lease, before);
      },
      tell: (replica) => peers.tell(replica),
      noted: (kind, app, id, by, detail) => events.add(kind, app, id, by, detail),
    },
    options,
  );
  const shelf = new EurekaShelf(clock, new WallTimes(clock), time, table);
  const intake = new Intake(clock, log, time, table);
  const call = ports.reach ?? ((url: string) => httpReplicateCall(clock, agent, url));
  const links = urls.map((url) => {
    const ends = { time, intake, call: call(url), meters };
    return new PeerLink({ name, zone }, url, clock, log, table, ends, (up, reason) => {
      events.add(up ? "peer-up" : "peer-down", "", "", url, up ? "answers" : reason);
    });
  });
  const peers = new PeerSet(clock, log, links);
  const probing = { ...proberDefaults, kind: identity.probe === "http" ? "http" : "tcp", zone } as const;
  const prober = new Prober(clock, log, table, probing, ports.probe ?? socketProbe(clock), () => links, meters);
  return { time, table, policy, events, hub, shelf, intake, peers, prober, meters };
}
