import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { limitProblem } from "@holdfast/engine-process";
import { messageOf } from "@holdfast/kernel";
import { defaultPorts, type FaultSupportView, operatorAddress } from "@holdfast/wire";
import { packageVersion, programDirectory } from "../programs.ts";
import { findContainerEngine } from "../stack/container-engine.ts";
import { describeEngine, reportOfEngine } from "../stack/container-engine-report.ts";
import { runDirectoryOf, runFiles } from "../stack/directories.ts";
import { type Isolation, namespaceSupport } from "../stack/isolation.ts";
import { holdersOf } from "../stack/port-holder.ts";
import { portNames, probePort } from "../stack/ports.ts";
import { isRunning } from "../stack/processes.ts";
import { runningProcesses } from "../stack/remains.ts";
import { judgeResources, readResources } from "../stack/resources.ts";
import { findStack, type StackFile } from "../stack/stack-file.ts";
import { readFileLimit } from "../up/limits.ts";
import { readLock } from "../up/lock.ts";
import type { CommandContext, StackOptions } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatTable } from "./table.ts";

export interface Finding {
  readonly name: string;
  readonly state: "ok" | "warning" | "bad";
  readonly text: string;
}

/** `holdfast doctor`: what this machine can do, and what stands in the way. Exit code 1 when something is bad. */
export async function doctor(context: CommandContext, options: StackOptions): Promise<number> {
  const { terminal } = context;
  const stack = stackOrNothing(options);
  const findings: Finding[] = [
    modeFinding(stack?.isolation),
    nodeFinding(),
    buildFinding(),
    fileFinding(),
    ...stackFindings(stack),
  ];
  findings.push(...resourceFindings(stack), limitsFinding(), await engineFinding(stack));
  findings.push(...(await portFindings(stack)), ...programFindings());
  const faults = faultSupport(process.platform, namespaceSupport());
  const bad = findings.some((finding) => finding.state === "bad");
  terminal.printJson({ ok: !bad, mode: stack?.isolation ?? "loopback", version: packageVersion(), findings, faults });
  const { green, yellow, red } = terminal.colors;
  const sign = { ok: green("✔"), warning: yellow("!"), bad: red("✖") };
  const width = Math.max(...findings.map((finding) => finding.name.length));
  for (const finding of findings)
    terminal.print(`${sign[finding.state]} ${finding.name.padEnd(width)}  ${finding.text}`);
  terminal.print("");
  const rows = faults.map((fault) => [fault.fault, fault.support, fault.why]);
  for (const line of formatTable(["FAULT", "HERE", "WHY"], rows, terminal.columns)) terminal.print(line);
  return bad ? exitCodes.failed : exitCodes.ok;
}

/** Per fault: real, simulated or unavailable on a platform, and why. */
export function faultSupport(platform: NodeJS.Platform, networks: { works: boolean; why: string }): FaultSupportView[] {
  const signals: FaultSupportView["support"] = platform === "win32" ? "unavailable" : "real";
  const how = platform === "win32" ? "Windows has no such signal" : "the signal goes to the instance's own process";
  const network: Omit<FaultSupportView, "fault"> = networks.works
    ? { support: "real", why: `with holdfast up --isolation netns (${networks.why}), in the kernel` }
    : { support: "simulated", why: `inside of programs on Node; real ones need network namespaces: ${networks.why}` };
  const tun = existsSync("/dev/net/tun")
    ? network
    : { support: "simulated" as const, why: "inside of programs on Node; /dev/net/tun is missing" };
  return [
    { fault: "kill (SIGKILL)", support: "real", why: "the instance's own process is ended" },
    { fault: "freeze (SIGSTOP, SIGCONT)", support: signals, why: how },
    { fault: "partition, refuse, loss, bandwidth", ...network },
    { fault: "delay", ...tun },
    {
      fault: "zone loss",
      support: "real",
      why: "all instances of the zone are killed; cutting its network: see partition",
    },
    { fault: "full disk, clock skew", support: "unavailable", why: "not built yet" },
  ];
}

function modeFinding(isolation: Isolation = "loopback"): Finding {
  if (isolation === "netns") {
    return { name: "mode", state: "ok", text: "netns: every instance has a network namespace of its own" };
  }
  if (isolation === "ports") {
    return { name: "mode", state: "ok", text: "ports: all instances are on 127.0.0.1, each with a port of its own" };
  }
  const text =
    process.platform === "linux"
      ? "loopback: instances have addresses 127.R.Z.I (real networks: holdfast up --isolation netns)"
      : "loopback: addresses 127.R.Z.I may need aliases here (macOS: ifconfig lo0 alias, or holdfast up --isolation ports)";
  return { name: "mode", state: process.platform === "linux" ? "ok" : "warning", text };
}

function nodeFinding(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  return {
    name: "node",
    state: major >= 24 ? "ok" : "bad",
    text: `${process.version} at ${process.execPath} (24 or newer is needed)`,
  };
}

function buildFinding(): Finding {
  const directory = programDirectory();
  if (directory === undefined)
    return { name: "build", state: "bad", text: "the programs are not built; try: node tools/src/build.ts" };
  return { name: "build", state: "ok", text: `holdfast ${packageVersion()} in ${directory}` };
}

function fileFinding(): Finding {
  const limit = readFileLimit();
  if (limit === undefined) return { name: "open files", state: "ok", text: "this system does not tell its limit" };
  const state = limit.soft < 512 ? "bad" : limit.soft < 4_096 ? "warning" : "ok";
  return { name: "open files", state, text: `limit ${limit.soft} (4096 is comfortable; raise it with ulimit -n 4096)` };
}

function stackFindings(stack: StackFile | undefined): Finding[] {
  if (stack === undefined) return [{ name: "stack", state: "ok", text: "none was started here yet" }];
  const findings: Finding[] = [];
  try {
    accessSync(stack.stateDirectory, constants.W_OK);
    findings.push({ name: "state", state: "ok", text: `${stack.stateDirectory} is writable` });
  } catch (error) {
    findings.push({ name: "state", state: "bad", text: `${stack.stateDirectory}: ${messageOf(error)}` });
  }
  const run = existsSync(stack.runDirectory) ? stack.runDirectory : runDirectoryOf(stack.stateDirectory);
  const holder = readLock(runFiles.lock(run));
  const processes = runningProcesses(run).length;
  if (holder !== undefined && isRunning(holder)) {
    findings.push({
      name: "stack",
      state: "ok",
      text: `${stack.application}: pid ${holder.pid} supervises ${processes} processes since ${holder.since}`,
    });
  } else if (processes > 0) {
    const text = `${stack.application}: its supervisor is gone, ${processes} processes still run; try: holdfast up (takes them over) or holdfast down`;
    findings.push({ name: "stack", state: "warning", text });
  } else {
    findings.push({ name: "stack", state: "ok", text: `${stack.application}: not running` });
  }
  return findings;
}

/** What the machine has left, for this stack's directory or the one that we are in. */
function resourceFindings(stack: StackFile | undefined): Finding[] {
  return judgeResources(readResources(stack?.stateDirectory ?? process.cwd()));
}

/** Whether `resources` of a service hold here, and if not, why: never forgotten in silence. */
function limitsFinding(): Finding {
  const problem = limitProblem();
  if (problem === "")
    return { name: "limits", state: "ok", text: "cpu and memory of processes are limited by control groups" };
  return { name: "limits", state: "warning", text: `resources of services do not limit processes: ${problem}` };
}

/** What instances of applications run in, or could. */
async function engineFinding(stack: StackFile | undefined): Promise<Finding> {
  if (stack?.engine?.name === "container") {
    const { socket } = stack.engine;
    const { why } = await findContainerEngine([socket]);
    if (why === "") return { name: "engine", ...(await judgeEngine(socket, "containers, by ")) };
    const next = `start Docker, or: podman system service -t 0 unix://${socket}`;
    return { name: "engine", state: "bad", text: `containers, and their engine does not answer: ${why}; ${next}` };
  }
  const { socket, why } = await findContainerEngine();
  if (socket === undefined) return { name: "engine", state: "ok", text: `processes (no container engine: ${why})` };
  const { text } = await judgeEngine(socket, "up --engine container would use ");
  return { name: "engine", state: "ok", text: `processes (${text})` };
}

/** What an engine that answers is, and what will not work with it. */
async function judgeEngine(socket: string, what: string): Promise<Pick<Finding, "state" | "text">> {
  try {
    const report = await reportOfEngine(socket);
    const state = report.elsewhere ? "bad" : report.lacks.length > 0 ? "warning" : "ok";
    return { state, text: `${what}${socket}: ${describeEngine(report)}` };
  } catch (error) {
    return { state: "bad", text: `${what}${socket}, which does not say what it is (${messageOf(error)})` };
  }
}

async function portFindings(stack: StackFile | undefined): Promise<Finding[]> {
  const ports = { ...defaultPorts, ...stack?.ports };
  const own = new Set(stack === undefined ? [] : runningProcesses(stack.runDirectory).map((mark) => mark.pid));
  const findings: Finding[] = [];
  for (const name of portNames) {
    const port = ports[name];
    const state = await probePort(operatorAddress, port);
    const holders = state === "free" ? [] : holdersOf(operatorAddress, port);
    if (state === "free") findings.push({ name: `port ${port}`, state: "ok", text: `free (${name})` });
    else if (holders.length > 0 && holders.every((holder) => own.has(holder.pid))) {
      findings.push({ name: `port ${port}`, state: "ok", text: `${name} of this stack` });
    } else {
      const who = holders.map((holder) => `pid ${holder.pid} (${holder.command})`).join(", ") || state;
      findings.push({
        name: `port ${port}`,
        state: "warning",
        text: `${name}: in use by ${who}; try: holdfast up --port ${name}=${port + 1}`,
      });
    }
  }
  return findings;
}

function programFindings(): Finding[] {
  const optional = [
    ["npm", "npm", "needed to install"],
    ["podman", "podman", "a container engine: up --engine container"],
    ["docker", "docker", "a container engine, with its daemon: up --engine container"],
    ["chromium", "chromium", "console tests only"],
    ["nft", "nft", "real faults of the network: up --isolation netns"],
  ] as const;
  return optional.map(([name, program, what]) => {
    const path = findProgram(program);
    return { name, state: "ok", text: path === undefined ? `not found (${what})` : `${path} (${what})` };
  });
}

function findProgram(name: string): string | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return directories
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
}

function stackOrNothing(options: StackOptions): StackFile | undefined {
  try {
    return findStack(options.dir ?? process.env["HOLDFAST_DIR"]);
  } catch {
    return undefined;
  }
}
