import { type TcpSocket, wildcards } from "../system/proc-net.ts";

export interface PortDiagnosis {
  readonly reasonCode: "PORT_IGNORED";
  readonly reason: string;
}

/**
 * Explains a program that runs but does not answer on the port it was given: it listens somewhere else.
 * `undefined` when it listens nowhere yet, or where it should (then it is merely slow).
 * A wildcard listener on the right port is fine: it answers on the instance's own address, too.
 */
export function diagnosePort(
  spec: { readonly service: string; readonly address: string; readonly port: number; readonly adminPort: number },
  listeners: readonly TcpSocket[],
): PortDiagnosis | undefined {
  const elsewhere = listeners.filter((socket) => socket.localPort !== spec.adminPort);
  const right = elsewhere.some((socket) => socket.localPort === spec.port && reaches(socket, spec.address));
  const wrong = elsewhere[0];
  if (right || wrong === undefined) return undefined;
  const where = `${wrong.localAddress}:${wrong.localPort}`;
  const reason =
    wrong.localPort === spec.port
      ? `${spec.service} listens on ${where} instead of HOST=${spec.address}: read process.env.HOST, or listen on 0.0.0.0`
      : `${spec.service} listens on ${where} instead of PORT=${spec.port}: read process.env.PORT and HOST`;
  return { reasonCode: "PORT_IGNORED", reason };
}

function reaches(socket: TcpSocket, address: string): boolean {
  return socket.localAddress === address || wildcards.has(socket.localAddress);
}
