import { Link, Outlet } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { isSignedOut } from "../api/http.ts";
import { useLiveState } from "../api/live.ts";
import { useStatus } from "../api/queries.ts";
import { SignedOutPage } from "../pages/signed-out.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { Logo } from "./logo.tsx";
import {
  ActivityIcon,
  CapacityIcon,
  ClustersIcon,
  ConfigIcon,
  DiscoveryIcon,
  HomeIcon,
  InstancesIcon,
  ResilienceIcon,
  ServicesIcon,
  TracesIcon,
  ZonesIcon,
} from "./nav-icons.tsx";
import { ToneShape } from "./status-mark.tsx";
import "./shell.css";

const InstanceCard = lazy(() =>
  import("../pages/instances/instance-card.tsx").then((m) => ({ default: m.InstanceCard })),
);

const places = [
  { to: "/", label: "Home", icon: HomeIcon },
  { to: "/services", label: "Services", icon: ServicesIcon },
  { to: "/instances", label: "Instances", icon: InstancesIcon },
  { to: "/clusters", label: "Clusters", icon: ClustersIcon },
  { to: "/zones", label: "Zones", icon: ZonesIcon },
  { to: "/capacity", label: "Capacity", icon: CapacityIcon },
  { to: "/discovery", label: "Discovery", icon: DiscoveryIcon },
  { to: "/resilience", label: "Resilience", icon: ResilienceIcon },
  { to: "/config", label: "Config", icon: ConfigIcon },
  { to: "/traces", label: "Traces", icon: TracesIcon },
  { to: "/activity", label: "Activity", icon: ActivityIcon },
] as const;

/** On a phone: two rows. */
const navStyle = { "--shell-columns": Math.ceil(places.length / 2) } as React.CSSProperties;

/** Everything around a page: where one is, what else there is, and whether what one sees is fresh. */
export function Shell(): ReactNode {
  const status = useStatus();
  const live = useLiveState();
  if (isSignedOut(status.error)) return <SignedOutPage />;
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <header className="shell-side">
        <Link to="/" className="shell-brand">
          <Logo size={30} />
          <span>
            <strong>Holdfast</strong>
            <span className="shell-application">{status.data?.application ?? " "}</span>
          </span>
        </Link>
        <nav className="shell-nav" aria-label="Pages" style={navStyle}>
          {places.map(({ to, label, icon: Icon }) => (
            <Link key={to} to={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
              <Icon />
              {label}
            </Link>
          ))}
        </nav>
        <Freshness />
      </header>
      <main className="shell-main" id="content" tabIndex={-1} data-stale={live.kind === "reconnecting"}>
        <ConnectionBanner />
        <Outlet />
      </main>
      <Suspense fallback={null}>
        <InstanceCard />
      </Suspense>
    </div>
  );
}

function Freshness(): ReactNode {
  const { kind } = useLiveState();
  const { data } = useStatus();
  const word = { connecting: "Connecting", live: "Live", resting: "Resting", reconnecting: "Stale" }[kind];
  const tone = kind === "live" ? "good" : kind === "reconnecting" ? "warn" : "busy";
  return (
    <div className="shell-foot">
      <span className="shell-live" data-tone={tone} role="status">
        <ToneShape tone={tone} size={11} />
        {word}
      </span>
      {data === undefined ? undefined : (
        <span>
          {data.mode} · v{data.version}
        </span>
      )}
    </div>
  );
}
