import type { Told } from "@holdfast/config-server";

/** Who says so, and why; `actor` where nobody is named. */
export function toldBy(body: unknown, actor: string): Told {
  const { author, reason } = body as { readonly author?: string; readonly reason: string };
  return { author: author ?? actor, reason };
}
