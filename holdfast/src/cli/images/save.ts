import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type ContainerImage, ImageStore } from "@holdfast/image";
import { messageOf, PlatformError } from "@holdfast/kernel";
import type { ImageDetail } from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { Deployment } from "../../control/deploy.ts";
import { containerImageOf } from "../../images/container-image.ts";
import { imagesDirectory } from "../../images/image-house.ts";
import type { ControlClient } from "../../stack/control-client.ts";
import { type CommandContext, openStack, type StackOptions } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";

interface SaveFlags extends StackOptions {
  readonly service?: string;
}

/** `holdfast images save <image> <file>`: the image as containers take it, made of the same bundle. */
export async function imagesSave(
  context: CommandContext,
  image: string,
  file: string,
  flags: SaveFlags,
): Promise<number> {
  const { terminal, clock } = context;
  const { control, stack } = openStack(flags);
  const detail = await control.call<ImageDetail>("GET", ControlPaths.image(image));
  const own = detail.names.find((one) => one.service === image || `${one.application}-${one.service}` === image);
  const name = nameFor(detail, flags.service ?? own?.service);
  const run = await runOf(control, name);
  control.close();
  const store = new ImageStore(imagesDirectory(stack.stateDirectory), clock, (line) => terminal.print(line));
  const { application, service } = name;
  const made = await containerImageOf(store, { application, service, image: detail.directory, run });
  await writeArchive(store, made, resolve(file));
  terminal.printJson({ file: resolve(file), ...made.oci, appVersion: made.appVersion });
  terminal.print(`${file}: ${made.oci.reference}, ${(made.oci.bytes / 2 ** 20).toFixed(1)} MiB`);
  terminal.print(terminal.colors.dim(`${made.oci.digest}; try: podman load --input ${file}`));
  return exitCodes.ok;
}

type Name = ImageDetail["names"][number];

function nameFor({ digest, names }: ImageDetail, service: string | undefined): Name {
  const found = names.filter((name) => service === undefined || name.service === service);
  const services = [...new Set(found.map((name) => name.service))];
  const [only] = found;
  if (only !== undefined && services.length === 1) return only;
  const all = [...new Set(names.map((name) => name.service))].join(", ");
  throw new PlatformError(
    "IMAGE_SERVICE_NEEDED",
    `${digest.slice(0, 12)}: is the image of ${all || "no known service"}`,
    {
      next: all === "" ? "holdfast images list" : `say which: --service ${services[0] ?? names[0]?.service ?? ""}`,
      status: 400,
    },
  );
}

async function runOf(control: ControlClient, { application: of, service: called }: Name): Promise<string> {
  const { application } = await control.call<Deployment>("GET", ControlPaths.application(of));
  const service = application.services[called];
  if (service !== undefined) return service.run;
  throw new PlatformError("SERVICE_UNKNOWN", `${called}: is no service of ${of} any more`, {
    next: "holdfast images list",
    status: 404,
  });
}

async function writeArchive(store: ImageStore, image: ContainerImage, file: string): Promise<void> {
  // A pipe or a device takes the bytes as they come; a file is there whole or not at all.
  const isFile = (await stat(file).catch(() => undefined))?.isFile() ?? true;
  const draft = isFile ? `${file}.${randomBytes(4).toString("hex")}` : file;
  async function* copies(): AsyncGenerator<Buffer> {
    // A stream holds several chunks, and a chunk is valid until the next one only.
    for await (const chunk of store.archive(image)) yield Buffer.from(chunk);
  }
  try {
    await pipeline(Readable.from(copies()), createWriteStream(draft, { flags: isFile ? "wx" : "w" }));
    if (isFile) await rename(draft, file);
  } catch (error) {
    if (isFile) await rm(draft, { force: true });
    throw new PlatformError("FILE_NOT_WRITTEN", `${file}: cannot be written: ${messageOf(error)}`, {
      next: "give another file, or free some of the disk",
      cause: error,
    });
  }
}
