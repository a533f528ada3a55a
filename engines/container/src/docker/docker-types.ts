/** What `POST /containers/create` takes, as far as we ask for it. Names are the API's own. */
export interface CreateBody {
  readonly Image: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopSignal: string;
  readonly HostConfig: HostConfig;
  readonly NetworkingConfig?: {
    readonly EndpointsConfig: Readonly<Record<string, { readonly IPAMConfig: { readonly IPv4Address: string } }>>;
  };
}

export interface HostConfig {
  readonly NetworkMode: string;
  readonly Binds: readonly string[];
  readonly ReadonlyRootfs: boolean;
  readonly Tmpfs: Readonly<Record<string, string>>;
  readonly CapDrop: readonly string[];
  readonly SecurityOpt: readonly string[];
  readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  readonly RestartPolicy: { readonly Name: "no" };
  readonly Init?: boolean;
  readonly PidMode?: "host";
  readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  /** Bytes; 0 is no limit. With `MemorySwap` equal there is no swap. */
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
}

/** What `GET /containers/{id}/json` tells, as far as we use it. */
export interface ContainerDetail {
  readonly Id: string;
  readonly Created: string;
  readonly State: {
    /** `created`, `running`, `paused`, `exited`, `dead` … */
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
}

/** One of `GET /containers/json`. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/** One event of `GET /events`. */
export interface DockerEvent {
  readonly Type: string;
  /** `start`, `die`, `oom` … */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> | null };
}

/** What `GET /containers/{id}/stats` tells, as far as we use it. */
export interface ContainerStats {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: { readonly usage?: number; readonly limit?: number };
}

export interface EngineInfo {
  /** Logging drivers it has: `json-file`, `k8s-file`, `local` … */
  readonly Plugins: { readonly Log: readonly string[] | null } | null;
  /** Path of its own init, when it has one: `docker-init`. */
  readonly InitBinary?: string;
  readonly OperatingSystem?: string;
  readonly ServerVersion?: string;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
}

export interface NetworkDetail {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string }[] | null };
}
