import { join } from "node:path";
import { RuntimeByKind } from "@holdfast/engine";
import { ContainerRuntime } from "@holdfast/engine-container";
import { agentMain, instanceNetwork, ProcessRuntime } from "@holdfast/engine-process";
import { PlatformError } from "@holdfast/kernel";
import { bundleImages } from "./bundle-images.ts";

/** A zone agent that runs instances of applications as containers, and servers of the platform as processes. */
agentMain((clock, log, settings) => {
  const { container, logDirectory, zone, network } = settings;
  if (container === undefined) {
    throw new PlatformError("SETTINGS_MISSING", "container: the settings name no container engine", {
      next: "start agents with `holdfast up --engine container`",
    });
  }
  const applications = new ContainerRuntime(clock, log, {
    ...container,
    zone,
    network: network === undefined ? { kind: "host" } : { kind: "namespaces", pathOf: instanceNetwork(network) },
    images: bundleImages(clock, log),
    logFileOf: (spec) => join(logDirectory, `${spec.id}.log`),
  });
  return new RuntimeByKind(applications, new ProcessRuntime(clock, log, network));
});
