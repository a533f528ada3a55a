import type { InstanceRecord, OverrideRequest, SeenAnswer } from "@holdfast/wire";
import type { RegistryKind } from "./access.ts";

export type RegisterAnswer =
  | { readonly kind: "accepted" }
  /** A later account, or a removal, is known. */
  | { readonly kind: "older" }
  | { readonly kind: "refused"; readonly status: number; readonly detail: string }
  /** Not in this protocol. */
  | { readonly kind: "foreign"; readonly status: number };

export type RenewAnswer = "renewed" | "unknown" | "older";

/** One registry as an instance sees it. Every call throws `REGISTRY_UNREACHABLE` when there is no answer in time. */
export interface RegistryDoor {
  readonly kind: RegistryKind;
  register(record: InstanceRecord): Promise<RegisterAnswer>;
  renew(record: InstanceRecord): Promise<RenewAnswer>;
  /** `undefined` when the registry does not know the instance. */
  setStatus(record: InstanceRecord, awaitSeenMs: number): Promise<SeenAnswer | undefined>;
  /** Nobody is to choose it, whatever it says of itself. False when the registry does not know the instance. */
  outOfService(record: InstanceRecord, word: Pick<OverrideRequest, "by" | "reason">): Promise<boolean>;
  deregister(record: InstanceRecord, cause: string): Promise<void>;
  /** The start that now holds our id; `undefined` when none does. Throws as the others when nobody can say. */
  holder(record: InstanceRecord): Promise<number | undefined>;
}

export const nobodySaw: SeenAnswer = { listeners: 0, seen: 0, complete: false };
