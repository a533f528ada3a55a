import { routerAddress } from "@holdfast/wire";
import { linkOf, namespaceOf } from "./places.ts";

/**
 * Makes the namespace that this runs in the router: it forwards what comes from 127/8, which a kernel otherwise takes for
 * strays, between links that all have the same address on its side. Of 127/8 only its own addresses are local: once there is a rule
 * of routing (for delays), the kernel asks the table of local addresses first.
 *
 * @param directory where namespaces get their names: a file system of our own, seen in our mount namespace alone.
 */
export function routerScript(directory: string): string {
  return `${houseScript(directory)}cd /proc/sys/net/ipv4
echo 1 > ip_forward
echo 1 > conf/all/route_localnet
echo 0 > conf/all/rp_filter
echo 0 > conf/default/rp_filter
ip -batch - <<'END'
link set lo up
addr del 127.0.0.1/8 dev lo
addr add 127.0.0.1/32 dev lo
addr add ${routerAddress}/32 dev lo
END
`;
}

/** Makes the place where namespaces have their names. */
export function houseScript(directory: string): string {
  return `set -e\nmount -t tmpfs -o mode=700,size=1m holdfast ${quoted(directory)}\n`;
}

/**
 * Makes a namespace for each address, and its link to the router; one whose namespace's name is lost is made anew. All links
 * are made in one go: each command of its own costs as much as a hundred links.
 */
export function namespacesScript(directory: string, addresses: readonly string[]): string {
  const file = (address: string): string => quoted(`${directory}/${namespaceOf(address)}`);
  const made = addresses.map(
    (address) =>
      `ip link del ${linkOf(address)} 2>/dev/null || true
: > ${file(address)}
unshare --net=${file(address)} sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range 2>/dev/null || true'`,
  );
  const links = addresses.map((address) => {
    const link = linkOf(address);
    return `link add ${link} type veth peer name eth0 netns ${directory}/${namespaceOf(address)}
link set ${link} up
addr add ${routerAddress}/32 dev ${link}
route add ${address}/32 dev ${link}`;
  });
  const insides = addresses.map(
    (address) => `nsenter --net=${file(address)} ip -batch - <<'END'
link set lo up
addr del 127.0.0.1/8 dev lo
addr add 127.0.0.1/32 dev lo
link set eth0 up
addr add ${address}/32 dev eth0
route add ${routerAddress}/32 dev eth0
route add 127.0.0.0/8 via ${routerAddress} dev eth0 src ${address}
END`,
  );
  return `set -e\n${made.join("\n")}\nip -batch - <<'END'\n${links.join("\n")}\nEND\n${insides.join("\n")}\n`;
}

/** Takes the links of addresses away, and the names of their namespaces; the namespaces end with their processes. */
export function removeScript(directory: string, addresses: readonly string[]): string {
  const lines = addresses.map((address) => {
    const file = quoted(`${directory}/${namespaceOf(address)}`);
    return `ip link del ${linkOf(address)} 2>/dev/null || true\numount ${file} 2>/dev/null || true\nrm -f ${file}`;
  });
  return `${lines.join("\n")}\n`;
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
