import { hash32, wholeBetween } from "@holdfast/kernel";
import { spread32 } from "./spread.ts";

interface Identified {
  readonly id: string;
}

/**
 * The `size` servers that this client connects to, in the order of the list: the same ones each time, without anybody
 * deciding it. The list itself when it is no longer than `size`.
 *
 * - `clientId` a whole number from 0 (clients are counted without gaps): Google's deterministic subsetting (SRE book,
 *   chapter 20). Clients go by rounds, in each of which every server is in one subset: so per round each server has one
 *   client, but for n modulo `size` servers, others in each round. The order within a round is by hashes instead of a
 *   shuffle: a server that comes or goes shifts the subsets behind it by one server, and does not mix them all anew.
 * - `clientId` a text (an instance id): rendezvous hashing, as gRPC's random subsetting (A68). A server that goes changes
 *   only the subsets it was in (size / n of them), by that one server. Clients per server are as even as chance: 1,000
 *   clients with 20 of 100 servers make 200 each, give or take 13.
 *
 * @throws OptionError when `size` is not a whole number from 1, or a numeric `clientId` not one from 0.
 */
export function subset<S extends Identified>(
  servers: readonly S[],
  clientId: string | number,
  size: number,
): readonly S[] {
  wholeBetween("subset.size", size, 1, Number.MAX_SAFE_INTEGER);
  if (typeof clientId === "number") wholeBetween("subset.clientId", clientId, 0, Number.MAX_SAFE_INTEGER);
  if (servers.length <= size) return servers;
  const chosen =
    typeof clientId === "string" ? byScore(servers, hash32(clientId)).slice(0, size) : bySlice(servers, clientId, size);
  const isChosen = new Set(chosen);
  return servers.filter((server) => isChosen.has(server));
}

function bySlice<S extends Identified>(servers: readonly S[], client: number, size: number): readonly S[] {
  const subsets = Math.floor(servers.length / size);
  const round = Math.floor(client / subsets);
  const start = (client % subsets) * size;
  return byScore(servers, round).slice(start, start + size);
}

/** An order of their own for each `salt`; equal scores by id, so that the order of the list never counts. */
function byScore<S extends Identified>(servers: readonly S[], salt: number): readonly S[] {
  const mixed = spread32(salt + 0x9e3779b9);
  return servers
    .map((server) => ({ server, score: spread32(spread32(hash32(server.id) ^ mixed) + mixed) }))
    .toSorted((a, b) => a.score - b.score || (a.server.id < b.server.id ? -1 : 1))
    .map(({ server }) => server);
}
