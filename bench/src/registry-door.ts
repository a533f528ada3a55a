import { type InstanceRecord, RegistryPaths } from "@holdfast/wire";

/** The registry as any program may use it: its own HTTP API. */
export class RegistryDoor {
  readonly #url: string;
  readonly #application: string;

  constructor(url: string, application: string) {
    this.#url = url;
    this.#application = application;
  }

  /** All that the application's own services have registered with their admin port. */
  async applicationRecords(): Promise<InstanceRecord[]> {
    const records = (await this.#call("GET", RegistryPaths.instances)) as InstanceRecord[];
    return records.filter((record) => record.application === this.#application && record.adminPort !== undefined);
  }

  async register(record: InstanceRecord): Promise<void> {
    await this.#call("PUT", RegistryPaths.instance(record.app, record.id), record);
  }

  async renew(record: InstanceRecord): Promise<void> {
    const { incarnation, version } = record;
    await this.#call("POST", `${RegistryPaths.instance(record.app, record.id)}/renew`, { incarnation, version });
  }

  async remove(record: InstanceRecord, cause: string): Promise<void> {
    const query = `?incarnation=${record.incarnation}&cause=${encodeURIComponent(cause)}`;
    await this.#call("DELETE", RegistryPaths.instance(record.app, record.id) + query);
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(new URL(path, this.#url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      signal: AbortSignal.timeout(3_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`registry: ${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    return text === "" ? undefined : JSON.parse(text);
  }
}
