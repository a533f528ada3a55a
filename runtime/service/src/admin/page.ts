import type { AdminRoute } from "./admin-route.ts";
import type { AdminSource } from "./admin-source.ts";

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
td, th { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
th { font-weight: 600; } code, pre { font: 13px ui-monospace, monospace; } td code { overflow-wrap: anywhere; } pre { overflow-x: auto; }
.pass { color: light-dark(#1a7f37, #4ac26b); } .fail { color: light-dark(#b42318, #ff7b72); }
.warn { color: light-dark(#8a5a00, #e3b341); } .dim { opacity: .75; }
`;

/** What a person looks for first: who this is, whether it is well, why not, and where there is more. */
export function pageOf(source: AdminSource, routes: readonly AdminRoute[], mask: (text: string) => string): string {
  const { identity, readiness, reason } = source;
  const state = readiness();
  const kind = state === "up" ? "pass" : state === "down" ? "fail" : "warn";
  const { service, instanceId, zone, region, serverGroup, environment } = identity;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${html(service)} · ${html(instanceId)}</title>
<style>${style}</style></head><body>
<header><h1>${html(service)} <span class="${kind}">${state}</span></h1>
<p>${html(instanceId)} · ${html(serverGroup)} · zone ${html(zone)}, region ${html(region)} · ${html(environment)} · up for ${duration(source.uptimeMs())}
${reason() === "" ? "" : `<br><span class="${kind}">${html(mask(reason()))}</span>`}</p></header>
<main>${checks(source, mask)}${components(source, mask)}${circuits(source)}${balancers(source)}
<h2>Logs</h2>${logs(source)}
<h2>More</h2><div class="wide"><table>${routes.map(routeRow).join("")}</table></div>
<h2>By command</h2><pre>curl ${address(source)}/v1/config?key=log.level
curl -X PUT -H "authorization: Bearer $HOLDFAST_INSTANCE_TOKEN" \\
  -d '{"level":"debug","seconds":600}' ${address(source)}/v1/log-level</pre>
</main></body></html>
`;
}

function checks({ health }: AdminSource, mask: (text: string) => string): string {
  const rows = health().checks.map(
    ({ name, kind, status, output, tookMs }) =>
      `<tr><td>${html(name)}</td><td>${html(kind)}</td><td class="${statusClass(status)}">${html(status)}</td><td>${tookMs} ms</td><td>${html(mask(output))}</td></tr>`,
  );
  return table("Health checks", ["name", "kind", "says", "took", "why"], rows);
}

function components(source: AdminSource, mask: (text: string) => string): string {
  const rows = source
    .components()
    .map(
      ({ name, state, dependsOn, startMs, problem }) =>
        `<tr><td>${html(name)}</td><td>${html(state)}</td><td>${startMs === null ? "" : `${Math.round(startMs)} ms`}</td><td>${html(dependsOn.join(", "))}</td><td class="fail">${html(mask(problem))}</td></tr>`,
    );
  return table("Components", ["name", "state", "start", "after", "problem"], rows);
}

function circuits({ resilience }: AdminSource): string {
  const rows = resilience().commands.map(
    ({ key, state, requests, errorPercentage, why }) =>
      `<tr><td>${html(key)}</td><td class="${state === "closed" ? "pass" : "fail"}">${html(state)}</td><td>${requests}</td><td>${errorPercentage} %</td><td>${html(why)}</td></tr>`,
  );
  return table("Circuits", ["command", "is", "calls", "errors", "why"], rows);
}

function balancers({ resilience }: AdminSource): string {
  const rows = resilience().balancers.map(
    ({ app, picker, calls, retries, why }) =>
      `<tr><td>${html(app)}</td><td>${html(picker)}</td><td>${calls}</td><td>${retries}</td><td>${html(why)}</td></tr>`,
  );
  return table("Calls to", ["service", "picker", "calls", "retries", "how"], rows);
}

function logs({ config, logs: { sink } }: AdminSource): string {
  const trouble =
    sink.trouble === undefined ? "" : ` · <span class="fail">its output fails: ${html(sink.trouble)}</span>`;
  return `<p>level <code>${html(config.get("log.level", "info"))}</code> · ${sink.lost} lines lost${trouble}</p>`;
}

function routeRow({ method, path, access, says }: AdminRoute): string {
  const shown = method === "GET" ? `<a href="${html(path)}">${html(path)}</a>` : html(path);
  const who = access === "token" ? ' <span class="dim">(with the instance\'s token)</span>' : "";
  return `<tr><td>${method}</td><td><code>${shown}</code></td><td>${html(says)}${who}</td></tr>`;
}

function table(title: string, heads: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return "";
  const head = heads.map((one) => `<th>${one}</th>`).join("");
  return `<h2>${title}</h2><div class="wide"><table><tr>${head}</tr>${rows.join("")}</table></div>`;
}

function statusClass(status: string): string {
  return status === "pass" ? "pass" : status === "warn" || status === "starting" ? "warn" : "fail";
}

function address({ identity }: AdminSource): string {
  return html(`${identity.host}:${identity.adminPort ?? 8077}`);
}

function duration(ms: number): string {
  const s = Math.floor(ms / 1_000);
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3_600)} h` : `${Math.floor(s / 86_400)} days`;
}

function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
