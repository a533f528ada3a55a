import { type Explanation, maskedValue, type Value } from "@holdfast/config";
import { isSecretName } from "../logs/secret-names.ts";
import { maskText } from "../logs/secret-text.ts";
import type { AdminSource } from "./admin-source.ts";

/** Karyon's own properties, with names that are masked beside those that are known for secrets. */
const maskedPropertyNames = "netflix.platform.admin.resources.masked.property.names";
const maskedEnvNames = "netflix.platform.admin.resources.masked.env.names";

/** The environment, by name, without its secrets. */
export function maskedEnvironment({ environment, config, logs }: AdminSource): Record<string, string> {
  const listed = namesIn(config.get(maskedEnvNames, ""));
  const shown: Record<string, string> = {};
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (value === undefined) continue;
    const isSecret = isSecretName(name) || listed.has(name);
    shown[name] = isSecret && value !== "" ? maskedValue : maskText(logs.secrets.mask(value));
  }
  return shown;
}

/** Properties by their key, with who says so, without their secrets. */
export function maskedProperties(source: AdminSource): readonly Explanation[] {
  const { config, configReport } = source;
  const listed = namesIn(config.get(maskedPropertyNames, ""));
  // What is masked is nobody's business either, as with Karyon.
  for (const name of [maskedPropertyNames, maskedEnvNames]) listed.add(name);
  return configReport().properties.map((one) => masked(source, one, isSecretName(one.key) || listed.has(one.key)));
}

function masked({ logs }: AdminSource, one: Explanation, isSecret: boolean): Explanation {
  const show = <T extends Value | undefined>(value: T): T | string => {
    if (value === undefined || typeof value === "boolean") return value;
    if (isSecret) return maskedValue;
    if (typeof value === "number") return logs.secrets.hasNumber(value) ? maskedValue : value;
    return maskText(logs.secrets.mask(value));
  };
  const text = (said: string | undefined): string | undefined => said && maskText(logs.secrets.mask(said));
  const { refused } = one;
  return {
    ...one,
    value: show(one.value),
    layers: one.layers.map(({ reason, ...said }) => {
      const why = text(reason);
      return { ...said, value: show(said.value), ...(why === undefined ? {} : { reason: why }) };
    }),
    ...(refused === undefined
      ? {}
      : { refused: { ...refused, value: show(refused.value), why: text(refused.why) ?? "" } }),
  };
}

function namesIn(list: string): Set<string> {
  return new Set(list.split(",").map((name) => name.trim()));
}
