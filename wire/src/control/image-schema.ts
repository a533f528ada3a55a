import { z } from "zod";

/** Shapes of control's API of images. */

const containerImageSchema = z
  .object({
    /** Of the manifest: `sha256:<hex>`. */
    digest: z.string(),
    /** `<repository>:<tag>` in the layout's index. */
    reference: z.string(),
    /** All layers, config and manifest; layers are shared between images. */
    bytes: z.int(),
  })
  .meta({ id: "ContainerImage" });

const imageNameSchema = z
  .object({
    application: z.string(),
    service: z.string(),
    /** Frigga's tag: `movies-catalog-1.4.0-9b3bc237`. */
    appVersion: z.string(),
    /** Aminator's name, which ends with the time of the bake. */
    amiName: z.string(),
    creator: z.string(),
    bakedAt: z.string(),
    /** Aminator's tag `base_ami_version`; null without a container image. */
    baseVersion: z.string().nullable(),
    container: containerImageSchema.nullable(),
  })
  .meta({ id: "ImageName" });

export const imageViewSchema = z
  .object({
    /** SHA-256 of the bundle's content, in hex. */
    digest: z.string(),
    /** Absolute path of the bundle, which the process engine runs. */
    directory: z.string(),
    /** Of the bundle. */
    bytes: z.int(),
    /** ISO 8601: when it was last baked, or asked for and found to be there. */
    bakedAt: z.string(),
    /** Server groups that refer to it. */
    usedBy: z.array(z.string()),
    /** Whose it is; one for each service, and for each container image made of it. */
    names: z.array(imageNameSchema),
  })
  .meta({ id: "Image" });
export type ImageView = z.output<typeof imageViewSchema>;

export const imageListSchema = z
  .object({
    /** Where they are. */
    directory: z.string(),
    /** The OCI image layout among them; null until there is a container image. */
    layout: z.string().nullable(),
    /** The newest first. */
    images: z.array(imageViewSchema),
  })
  .meta({ id: "ImageList" });
export type ImageList = z.output<typeof imageListSchema>;

export const imageDetailSchema = imageViewSchema
  .extend({
    /** False when somebody changed what is in its directory. */
    intact: z.boolean(),
  })
  .meta({ id: "ImageDetail" });
export type ImageDetail = z.output<typeof imageDetailSchema>;

export const collectImagesRequestSchema = z
  .strictObject({
    keepPerService: z.int().min(0).max(1_000).optional().describe("The newest of each service stay; default 3."),
    minAgeMs: z.int().min(0).optional().describe("Nothing younger goes; default 600,000 (ten minutes)."),
    dryRun: z.boolean().optional().describe("Say what would go; default false."),
  })
  .meta({ id: "CollectImagesRequest" });

export const collectImagesAnswerSchema = z
  .object({
    removed: z.array(imageViewSchema),
    kept: z.array(imageViewSchema.extend({ why: z.string() }).meta({ id: "KeptImage" })),
    /** Layers and documents of container images that nothing refers to any more. */
    blobs: z.int(),
    /** What interrupted bakes and collections had left. */
    remains: z.int(),
    freedBytes: z.int(),
    dryRun: z.boolean(),
  })
  .meta({ id: "CollectImagesAnswer" });
export type CollectImagesAnswer = z.output<typeof collectImagesAnswerSchema>;
