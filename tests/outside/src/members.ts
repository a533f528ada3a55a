import { Discovery, Registration } from "@holdfast/discovery";
import { type InstanceId, SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { type ClientOptions, goClient, javaClient, pythonClient, springClient } from "./clients.ts";
import { outsideClient, started, stopped } from "./eureka-js-client.ts";
import { fetched, type PartName } from "./fetched.ts";
import type { OutsideProcess } from "./outside-process.ts";

/** One that registers with a registry and looks others up, in whatever language. */
export interface Member {
  readonly name: string;
  readonly app: string;
  readonly id: string;
  /** Ids of the instances of `app` that it would call. */
  sees(app: string): readonly string[];
  /** It leaves by itself. */
  close(): Promise<void>;
}

export interface MemberPlan {
  readonly name: string;
  /** Why it cannot be there. */
  readonly absent: string | undefined;
  /** `url`: of the registry, without a path. */
  start(url: string): Promise<Member>;
}

type Start = (options: ClientOptions) => OutsideProcess;

/** Everybody that can be, and why who is not there is not. */
export function memberPlans(): readonly MemberPlan[] {
  return [
    { name: "holdfast", absent: undefined, start: ownMember },
    { name: "eureka-js-client", absent: undefined, start: javascriptMember },
    processPlan("py-eureka-client", "python", "reviews", 9_001, pythonClient),
    processPlan("fargo", "go", "search", 9_002, goClient),
    processPlan("eureka-client", "java", "orders", 9_003, javaClient),
    processPlan("Spring Cloud", "spring-client", "billing", 9_004, springClient),
  ];
}

function processPlan(name: string, part: PartName, app: string, port: number, start: Start): MemberPlan {
  const there = fetched(part);
  const id = `${app}-1`;
  return {
    name,
    absent: typeof there === "string" ? there : undefined,
    async start(url) {
      const child = start({ registry: `${url}/eureka`, app, id, port });
      const sees = (other: string): readonly string[] => child.sees[other.toUpperCase()] ?? [];
      return { name, app, id, sees, close: async () => void (await child.close()) };
    },
  };
}

async function javascriptMember(url: string): Promise<Member> {
  const [app, id] = ["catalog", "catalog-1"];
  const client = outsideClient({ registries: [url], app, vip: app, id, host: "127.0.0.1", port: 9_005 });
  await started(client);
  return {
    name: "eureka-js-client",
    app,
    id,
    sees: (other) => client.getInstancesByAppId(other).flatMap(({ instanceId }) => instanceId ?? []),
    close: () => stopped(client),
  };
}

async function ownMember(url: string): Promise<Member> {
  const [app, id] = ["ratings", "ratings-1"];
  const tools = [new SystemClock(), systemRandom(), silentLog] as const;
  const record = {
    app,
    id: id as InstanceId,
    incarnation: Date.now(),
    status: "UP",
    region: "here",
    zone: "here-1",
    address: "127.0.0.1",
    port: 9_006,
    application: "movies",
    cluster: "main",
    serverGroup: "main-v001",
    verifiesIdentity: false,
    metadata: {},
  } as const;
  const registration = new Registration(...tools, { registries: [url], heartbeatMs: 1_000 }, record);
  const discovery = new Discovery(...tools, { registries: [url] });
  await registration.start();
  discovery.start();
  return {
    name: "holdfast",
    app,
    id,
    sees: (other) =>
      discovery
        .instances(other)
        .filter((one) => one.status === "UP")
        .map((one) => one.eureka?.instanceId ?? one.id),
    close: async () => {
      await registration.stop("test");
      await discovery.stop();
    },
  };
}
