import { coordinatesOf, OptionError } from "@holdfast/kernel";

/** `1.2.10` of `127.1.2.10`: the name of an address's namespace. */
export function namespaceOf(address: string): string {
  if (coordinatesOf(address) === undefined) throw new OptionError("address", "127.R.Z.I", address);
  return address.slice("127.".length);
}

/** The router's end of the link to an address: at most 15 characters, as the kernel wants. */
export function linkOf(address: string): string {
  return `v${namespaceOf(address)}`;
}

/** The address of a namespace's name. */
export function addressOfName(name: string): string {
  return `127.${name}`;
}
