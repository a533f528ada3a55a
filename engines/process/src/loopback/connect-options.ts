import { lookup as dnsLookup, type LookupOptions } from "node:dns";

/** Addresses of instances. */
export const ownPlace = /^127\.(\d{1,2})\.(\d)\.(\d{1,3})$/;

/** Options of a connection, as far as we know them. */
export interface ConnectOptions {
  host?: unknown;
  port?: unknown;
  lookup?: unknown;
}

/**
 * What `connect` was asked for, as a copy that may be changed, and the arguments with that copy in them. Asked for as `connect(options)`,
 * `connect(port, host)`, or as what `net.connect` makes of both: a list of options and callback, known by a symbol.
 */
export function optionsOf(args: unknown[]): { readonly options: ConnectOptions; readonly rest: unknown[] } {
  const [first, second, ...others] = args;
  if (Array.isArray(first)) {
    const options = { ...(first[0] as object) };
    first[0] = options;
    return { options, rest: args };
  }
  if (typeof first === "object" && first !== null) {
    const options = { ...first };
    return { options, rest: [options, second, ...others] };
  }
  if (typeof second !== "string") return { options: {}, rest: args };
  const options = { port: first, host: second };
  return { options, rest: [options, ...others] };
}

type Found = string | readonly { readonly address: string }[];
type Lookup = (
  name: string,
  options: LookupOptions,
  done: (error: Error | null, found: Found, family?: number) => void,
) => void;

/**
 * A name leads where its lookup says, and nobody connects before that has answered: there the connection is begun. undici looks
 * up in this way even what it knows the address of, when a `Host` header names something else.
 */
export function lookupWith(given: unknown, begin: (host: string, go: () => void) => void): Lookup {
  const look = (typeof given === "function" ? given : dnsLookup) as Lookup;
  return (name, options, done) =>
    look(name, options, (error, found, family) => {
      const addresses = typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address);
      const address = error === null ? addresses.find((each) => ownPlace.test(each)) : undefined;
      const go = (): void => done(error, found, family);
      if (address === undefined) go();
      else begin(address, go);
    });
}
