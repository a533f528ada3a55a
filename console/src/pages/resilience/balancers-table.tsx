import type { BalancerReport, CallerReport } from "@holdfast/wire";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { shortId } from "../../lib/format.ts";
import type { Tone } from "../../lib/tone.ts";
import { ToneShape } from "../../ui/status-mark.tsx";

/** What one instance knows of one service it calls. */
export interface OneBalancer {
  /** `instance/app`: what the address bar says. */
  readonly name: string;
  readonly caller: CallerReport;
  readonly balancer: BalancerReport;
}

export function balancersOf(callers: readonly CallerReport[], find: string): readonly OneBalancer[] {
  const needle = find.toLowerCase();
  const all = callers.flatMap((caller) =>
    caller.balancers.map((balancer) => ({ name: `${caller.instance}/${balancer.app}`, caller, balancer })),
  );
  return all
    .filter(({ caller, balancer }) =>
      `${caller.service} ${caller.instance} ${caller.zone} ${balancer.app}`.toLowerCase().includes(needle),
    )
    .toSorted((a, b) => ejectedIn(b.balancer) - ejectedIn(a.balancer));
}

export function ejectedIn({ servers }: BalancerReport): number {
  return servers.filter((server) => server.ejected !== null).length;
}

function toneOf(balancer: BalancerReport): Tone {
  if (balancer.panic || ejectedIn(balancer) === balancer.servers.length) return "bad";
  return ejectedIn(balancer) > 0 ? "warn" : "good";
}

/** Who calls whom, over how many servers, and what was tried again. */
export function BalancersTable({ balancers }: { readonly balancers: readonly OneBalancer[] }): ReactNode {
  return (
    <table className="table" aria-label="Balancers">
      <thead>
        <tr>
          <th scope="col">Caller</th>
          <th scope="col">Calls</th>
          <th scope="col">Servers</th>
          <th scope="col" className="wide-only end">
            Made
          </th>
          <th scope="col" className="wide-only end">
            Retries
          </th>
          <th scope="col" className="wide-only end">
            Hedges
          </th>
          <th scope="col" className="roomy-only">
            Why
          </th>
        </tr>
      </thead>
      <tbody>
        {balancers.map(({ name, caller, balancer }) => (
          <tr key={name}>
            <td>
              <Link to="." search={(search) => ({ ...search, balancer: name })}>
                {caller.service} <span className="mono">{shortId(caller.instance)}</span>
              </Link>
            </td>
            <td>{balancer.app}</td>
            <td className="balancer-servers">
              <ToneShape tone={toneOf(balancer)} /> {balancer.servers.length - ejectedIn(balancer)} of{" "}
              {balancer.servers.length}
            </td>
            <td className="wide-only end numeric">{balancer.calls}</td>
            <td className="wide-only end numeric">{balancer.retries}</td>
            <td className="wide-only end numeric">{balancer.hedges}</td>
            <td className="roomy-only muted">{balancer.why}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
