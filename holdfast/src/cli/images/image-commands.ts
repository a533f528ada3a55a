import type { Command } from "commander";
import { type Choose, commandGroup } from "../command-group.ts";

/** `holdfast images …`: what is baked, whose it is, and what nobody needs any more. */
export function addImageCommands(program: Command, choose: Choose): void {
  const add = commandGroup(program, "images", "images of services: list, show, save, gc");

  add("list", "list all images: whose they are, and which server groups use them").action((flags) =>
    choose(async (context) => (await import("./images.ts")).imagesList(context, flags), flags.json === true),
  );
  add("show <image>", "all names of an image, and whether it is intact; by service, digest or version").action(
    (image, flags) =>
      choose(async (context) => (await import("./images.ts")).imagesShow(context, image, flags), flags.json === true),
  );
  add("save <image> <file>", "write an image for containers, as podman load and docker load take it")
    .option("--service <name>", "of this service, when several share the image")
    .action((image, file, flags) =>
      choose(
        async (context) => (await import("./save.ts")).imagesSave(context, image, file, flags),
        flags.json === true,
      ),
    );
  add("gc", "remove what no server group uses, but the newest of each service and what is younger than 10 minutes")
    .option("--keep <n>", "the newest of each service (default: 3)")
    .option("--dry-run", "say what would go")
    .action((flags) =>
      choose(async (context) => (await import("./images.ts")).imagesGc(context, flags), flags.json === true),
    );
}
