import type { CollectImagesAnswer, ImageDetail, ImageList, ImageView } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import { readCountArgument } from "../arguments.ts";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatAge, formatTable } from "../table.ts";

/** `holdfast images list`: what there is, whose it is and who uses it. */
export async function imagesList(context: CommandContext, flags: StackOptions): Promise<number> {
  const { terminal, clock } = context;
  const { control } = openStack(flags);
  const list = await control.call<ImageList>("GET", ControlPaths.images);
  control.close();
  terminal.printJson(list);
  if (list.images.length === 0) terminal.print("no images yet: holdfast up bakes one for each service");
  else printImages(context, list.images, clock.wallMs());
  return exitCodes.ok;
}

/** `holdfast images show <image>`: all names of one image, and whether it still is what its digest says. */
export async function imagesShow(context: CommandContext, image: string, flags: StackOptions): Promise<number> {
  const { terminal } = context;
  const { control } = openStack(flags);
  const detail = await control.call<ImageDetail>("GET", ControlPaths.image(image));
  control.close();
  terminal.printJson(detail);
  const { red } = terminal.colors;
  const used = detail.usedBy.length === 0 ? "by nobody" : `by ${detail.usedBy.join(", ")}`;
  terminal.print(`digest     ${detail.digest}`);
  terminal.print(`directory  ${detail.directory}`);
  terminal.print(`size       ${formatBytes(detail.bytes)}`);
  terminal.print(`baked      ${detail.bakedAt}`);
  terminal.print(`used       ${used}`);
  terminal.print(`content    ${detail.intact ? "as its digest says" : red("CHANGED: it is not what its digest says")}`);
  for (const { service, appVersion, amiName, creator, baseVersion, container } of detail.names) {
    terminal.print("");
    terminal.print(`${service}: ${appVersion}, by ${creator}`);
    terminal.print(`  name       ${amiName}`);
    if (container === null) continue;
    terminal.print(`  base       ${baseVersion ?? ""}`);
    terminal.print(`  container  ${container.reference} (${formatBytes(container.bytes)})`);
    terminal.print(`             ${container.digest}`);
  }
  return exitCodes.ok;
}

interface GcFlags extends StackOptions {
  readonly dryRun?: boolean;
  readonly keep?: string;
}

/** `holdfast images gc`: removes what no server group refers to, but the newest of each service and what is young. */
export async function imagesGc(context: CommandContext, flags: GcFlags): Promise<number> {
  const { terminal, clock } = context;
  const keep = flags.keep === undefined ? {} : { keepPerService: readCountArgument("--keep", flags.keep, 1_000) };
  const { control } = openStack(flags);
  const request = { ...keep, dryRun: flags.dryRun === true };
  const answer = await control.call<CollectImagesAnswer>("POST", ControlPaths.imagesGc, request);
  control.close();
  terminal.printJson(answer);
  const { removed, kept, blobs, freedBytes, dryRun } = answer;
  if (removed.length > 0) printImages(context, removed, clock.wallMs());
  const more = blobs === 0 ? "" : `, ${blobs} parts of container images`;
  const verb = dryRun ? "would go" : "removed";
  terminal.print(`${removed.length} ${verb}${more}: ${formatBytes(freedBytes)}; ${kept.length} kept`);
  for (const [why, count] of countReasons(kept)) terminal.print(terminal.colors.dim(`  ${count} ${why}`));
  return exitCodes.ok;
}

function printImages({ terminal }: CommandContext, images: readonly ImageView[], nowMs: number): void {
  const rows = images.map((image) => [
    image.digest.slice(0, 12),
    [...new Set(image.names.map(({ appVersion }) => appVersion))].join(", ") || "–",
    formatBytes(image.bytes),
    formatAge(Date.parse(image.bakedAt), nowMs),
    image.names.some(({ container }) => container !== null) ? "yes" : "–",
    image.usedBy.join(", ") || "–",
  ]);
  const header = ["IMAGE", "VERSION", "SIZE", "AGE", "CONTAINER", "USED BY"];
  for (const line of formatTable(header, rows, terminal.columns)) terminal.print(line);
}

function countReasons(kept: readonly { readonly why: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { why } of kept) counts.set(why, (counts.get(why) ?? 0) + 1);
  return counts;
}

/** `512 B`, `3.4 MiB`. */
function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  return bytes < 2 ** 20 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
