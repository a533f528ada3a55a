import { Registration } from "@holdfast/discovery";
import { within } from "@holdfast/kernel";
import type { SeenAnswer } from "@holdfast/wire";
import { type Identity, localAddressOf, outOfServiceOf } from "./identity.ts";
import type { Surroundings } from "./serve-options.ts";

/** Callers have so long to say that they have seen the drain, then it goes on without them. */
const awaitSeenMs = 2_000;
/** More than that over what callers may take means that no registry answers: go on without. */
const registryExtraMs = 1_000;

export interface Place {
  readonly address: string;
  readonly port: number;
  /** 0: none. */
  readonly adminPort: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The entry of this instance in the registry, not started yet. */
export function registrationOf(surroundings: Surroundings, identity: Identity, place: Place): Registration {
  const { clock, random, log } = surroundings;
  const access = {
    registries: identity.registries,
    localAddress: localAddressOf(identity.host),
    ...outOfServiceOf(identity),
  };
  return new Registration(clock, random, log, access, {
    app: identity.service,
    id: identity.instanceId,
    incarnation: Math.round(clock.wallMs()),
    status: "STARTING",
    region: identity.region,
    zone: identity.zone,
    address: place.address,
    port: place.port,
    ...(place.adminPort === 0 ? {} : { adminPort: place.adminPort }),
    application: identity.application,
    cluster: identity.cluster,
    serverGroup: identity.serverGroup,
    verifiesIdentity: true,
    metadata: { ...(identity.placedOn === undefined ? {} : { host: identity.placedOn }), ...place.metadata },
  });
}

/** Resolves when callers have seen that we leave, or when that takes too long; registries that hang do not hold it up. */
export async function leaveRotation(
  { clock, log }: Surroundings,
  registration: Registration | undefined,
  drainMs: number,
): Promise<SeenAnswer | undefined> {
  const seenMaxMs = Math.min(awaitSeenMs, drainMs);
  const saying = registration?.setStatus("OUT_OF_SERVICE", seenMaxMs);
  if (saying === undefined) return undefined;
  try {
    return await within(clock, Math.min(seenMaxMs + registryExtraMs, drainMs), "leaving the registry", saying);
  } catch (error) {
    log.warn("service.drain.unseen", { error });
    return undefined;
  }
}
