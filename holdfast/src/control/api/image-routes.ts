import {
  collectImagesAnswerSchema,
  collectImagesRequestSchema,
  imageDetailSchema,
  imageListSchema,
} from "@holdfast/wire/control";
import { ControlPaths } from "@holdfast/wire/control/paths";
import type { z } from "zod";
import type { ImageHouse } from "../../images/image-house.ts";
import type { Route } from "./route.ts";

/** The images there are, who uses them, and the removal of those nobody needs. */
export function imageRoutes({ images }: { readonly images: ImageHouse }): Route[] {
  return [
    {
      method: "GET",
      path: ControlPaths.images,
      operationId: "listImages",
      summary: "All images, the newest first, with their names and the server groups that use them",
      status: 200,
      answer: { schema: imageListSchema },
      codes: [],
      handle: () => images.list(),
    },
    {
      method: "GET",
      path: "/v1/images/{id}",
      operationId: "getImage",
      summary:
        "One image, by the begin of its digest, its appversion, name, reference or container digest; is it intact?",
      status: 200,
      answer: { schema: imageDetailSchema },
      codes: ["IMAGE_UNKNOWN", "IMAGE_AMBIGUOUS"],
      handle: ({ params }) => images.show(params["id"] ?? ""),
    },
    {
      method: "POST",
      path: ControlPaths.imagesGc,
      operationId: "collectImages",
      summary: "Remove images that no server group refers to, but the newest of each service and what is young",
      body: collectImagesRequestSchema,
      status: 200,
      answer: { schema: collectImagesAnswerSchema },
      codes: [],
      handle: ({ body }) => images.collect(body as z.output<typeof collectImagesRequestSchema>),
    },
  ];
}
