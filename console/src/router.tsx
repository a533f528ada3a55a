import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readTexts } from "./lib/filters.ts";
import { BrokenPage } from "./pages/broken.tsx";
import { NotFoundPage } from "./pages/not-found.tsx";
import { Shell } from "./ui/shell.tsx";

/** Addresses are state: every filter and the open instance are in them, so that a link shows what its sender saw. */

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFoundPage,
  validateSearch: (search) => readTexts(search, ["instance"]),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/home/home-page.tsx"), "HomePage"),
});

const services = createRoute({
  getParentRoute: () => root,
  path: "/services",
  component: lazyRouteComponent(() => import("./pages/services/services-page.tsx"), "ServicesPage"),
});

const service = createRoute({
  getParentRoute: () => root,
  path: "/services/$name",
  component: lazyRouteComponent(() => import("./pages/services/service-page.tsx"), "ServicePage"),
});

const instances = createRoute({
  getParentRoute: () => root,
  path: "/instances",
  validateSearch: (search) => readTexts(search, ["service", "zone", "kind", "status", "q"]),
  component: lazyRouteComponent(() => import("./pages/instances/instances-page.tsx"), "InstancesPage"),
});

const discovery = createRoute({
  getParentRoute: () => root,
  path: "/discovery",
  validateSearch: (search) => readTexts(search, ["q", "at", "why"]),
  component: lazyRouteComponent(() => import("./pages/discovery/discovery-page.tsx"), "DiscoveryPage"),
});

const discoveryApp = createRoute({
  getParentRoute: () => root,
  path: "/discovery/$app",
  validateSearch: (search) => readTexts(search, ["at", "why"]),
  component: lazyRouteComponent(() => import("./pages/discovery/app-page.tsx"), "DiscoveryAppPage"),
});

const resilience = createRoute({
  getParentRoute: () => root,
  path: "/resilience",
  validateSearch: (search) => readTexts(search, ["q", "sort", "command", "balancer"]),
  component: lazyRouteComponent(() => import("./pages/resilience/resilience-page.tsx"), "ResiliencePage"),
});

const clusters = createRoute({
  getParentRoute: () => root,
  path: "/clusters",
  validateSearch: (search) => readTexts(search, ["q", "group"]),
  component: lazyRouteComponent(() => import("./pages/clusters/clusters-page.tsx"), "ClustersPage"),
});

const capacity = createRoute({
  getParentRoute: () => root,
  path: "/capacity",
  component: lazyRouteComponent(() => import("./pages/capacity/capacity-page.tsx"), "CapacityPage"),
});

const zones = createRoute({
  getParentRoute: () => root,
  path: "/zones",
  validateSearch: (search) => readTexts(search, ["add"]),
  component: lazyRouteComponent(() => import("./pages/zones/zones-page.tsx"), "ZonesPage"),
});

const traces = createRoute({
  getParentRoute: () => root,
  path: "/traces",
  validateSearch: (search) => readTexts(search, ["service", "ms", "errors"]),
  component: lazyRouteComponent(() => import("./pages/traces/traces-page.tsx"), "TracesPage"),
});

const trace = createRoute({
  getParentRoute: () => root,
  path: "/traces/$id",
  validateSearch: (search) => readTexts(search, ["span"]),
  component: lazyRouteComponent(() => import("./pages/traces/trace-page.tsx"), "TracePage"),
});

const config = createRoute({
  getParentRoute: () => root,
  path: "/config",
  validateSearch: (search) => readTexts(search, ["q", "key", "for"]),
  component: lazyRouteComponent(() => import("./pages/config/config-page.tsx"), "ConfigPage"),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  validateSearch: (search) => readTexts(search, ["service", "kind", "outcome"]),
  component: lazyRouteComponent(() => import("./pages/activity/activity-page.tsx"), "ActivityPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    services,
    service,
    instances,
    discovery,
    discoveryApp,
    clusters,
    zones,
    capacity,
    resilience,
    config,
    traces,
    trace,
    activity,
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: BrokenPage,
  // Plain `?zone=local-1a` instead of JSON: people read and type these.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const texts = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    return texts.length === 0 ? "" : `?${new URLSearchParams(texts)}`;
  },
});

/** Fetches the pages not yet shown, so that they open at once, and also while control is away. */
export async function preloadPages(): Promise<void> {
  for (const to of [
    "/",
    "/services",
    "/instances",
    "/clusters",
    "/zones",
    "/capacity",
    "/discovery",
    "/resilience",
    "/config",
    "/traces",
    "/activity",
  ] as const)
    await router.preloadRoute({ to });
  await router.preloadRoute({ to: "/services/$name", params: { name: "-" } });
  await router.preloadRoute({ to: "/traces/$id", params: { id: "-" } });
  await router.preloadRoute({ to: "/discovery/$app", params: { app: "-" } });
}

declare module "@tanstack/react-router" {
  interface Register {
    readonly router: typeof router;
  }
}
