import type { ConfigSnapshot, ServedProperty } from "@holdfast/wire";

/** What a process keeps for its next start: only what holds, and nothing that is on trial or secret. */
export interface SettledValues {
  readonly epoch: string;
  readonly revision: number;
  readonly savedAtMs: number;
  readonly properties: readonly ServedProperty[];
}

/** The values as they are when every trial has failed. */
export function settled(snapshot: ConfigSnapshot, savedAtMs: number): SettledValues {
  const properties = snapshot.properties.flatMap(({ trial, ...property }): ServedProperty[] => {
    if (property.secret === true) return [];
    if (trial === undefined) return [property];
    return trial.settled === null ? [] : [{ ...property, value: trial.settled }];
  });
  return { epoch: snapshot.epoch, revision: snapshot.revision, savedAtMs, properties };
}

/** `undefined` for what is not a whole snapshot of ours. */
export function readSnapshot(read: unknown): ConfigSnapshot | undefined {
  if (typeof read !== "object" || read === null) return undefined;
  const { epoch, revision, properties } = read as Partial<ConfigSnapshot>;
  if (typeof epoch !== "string" || typeof revision !== "number" || !Array.isArray(properties)) return undefined;
  return properties.every(isServed) ? { epoch, revision, properties } : undefined;
}

export function isServed(one: unknown): one is ServedProperty {
  if (typeof one !== "object" || one === null) return false;
  const { key, value, scope, revision, author, atMs } = one as Partial<ServedProperty>;
  return (
    typeof key === "string" &&
    typeof value === "string" &&
    typeof scope === "object" &&
    typeof revision === "number" &&
    typeof author === "string" &&
    typeof atMs === "number"
  );
}
