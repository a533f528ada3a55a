/** Where health is asked for: our own admin server's paths, Kubernetes', Karyon's and Spring's. */
const paths = new Set(["/health", "/healthz", "/livez", "/readyz", "/healthcheck", "/Status", "/actuator/health"]);
const folders = ["/health/", "/actuator/health/"];
/** What their second characters are: most other targets differ there, and each request is looked at. */
const seconds: ReadonlySet<number> = new Set([...paths].map((path) => path.charCodeAt(1)));

/** Is this the target of a health check? One that is turned away makes an overloaded server a dead one. */
export function isHealthCheck(url: string | undefined): boolean {
  if (url === undefined || !seconds.has(url.charCodeAt(1))) return false;
  const query = url.indexOf("?");
  const path = query < 0 ? url : url.slice(0, query);
  return paths.has(path) || folders.some((folder) => path.startsWith(folder));
}
