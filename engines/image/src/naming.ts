import { PlatformError } from "@holdfast/kernel";
import { buildGroupName, parseAppVersion } from "@holdfast/wire/frigga";

/** What an image is named after. */
export interface ImageIdentity {
  readonly application: string;
  /** The logical name callers use. */
  readonly service: string;
  /** The program's own, such as `1.4.0` or `1.4.0-rc.1`. Default `0.0.0`. */
  readonly version?: string;
  /** Where the source stands; letters, digits and underscores, not beginning with `h`. Default: begin of the content's digest. */
  readonly commit?: string;
  /** The build that made it, when there is one. */
  readonly build?: { readonly job: string; readonly number: number };
  /** Who asked for it. Default `holdfast`. */
  readonly creator?: string;
}

/** The names of an image as Aminator gives them, and the tags that say where it comes from. */
export interface ImageNames {
  /** The cluster it is for: `movies-catalog`. */
  readonly package: string;
  /** Frigga's tag `appversion`: `movies-catalog-1.4.0-9b3bc237`, with `.h<build>/<job>/<build>` behind it. */
  readonly appVersion: string;
  /** `<repository>:<tag>` in characters container registries take. */
  readonly reference: string;
  readonly version: string;
  readonly release: string;
}

/**
 * @param content hex digest of what is in the image.
 * @throws PlatformError `IMAGE_VERSION_INVALID`, `NAME_EMPTY`.
 */
export function nameImage(identity: ImageIdentity, content: string): ImageNames {
  const { application, service, build } = identity;
  const name = buildGroupName({ appName: application, stack: service });
  // As Debian and Netflix write it: what comes before 1.4.0 is 1.4.0~rc.1, and a hyphen would end the version.
  const version = (identity.version ?? "0.0.0").replace(/[-+]/g, "~");
  const release = identity.commit ?? content.slice(0, 8);
  const built = build === undefined ? "" : `.h${build.number}/${build.job}/${build.number}`;
  const appVersion = `${name}-${version}-${release}${built}`;
  const parsed = parseAppVersion(appVersion);
  if (parsed?.packageName !== name || parsed.version !== version || parsed.commit !== release) {
    throw new PlatformError("IMAGE_VERSION_INVALID", `${appVersion}: does not read as package, version and commit`, {
      next: "version: letters, digits, dots and ~; commit: letters and digits, not beginning with h; job: no slash",
      details: { version, release, build },
      status: 400,
    });
  }
  return { package: name, appVersion, reference: `${repositoryOf(name)}:${tagOf(version, release)}`, version, release };
}

/** Aminator's name: `<package>-<version>-<release>-<architecture>-<yyyymmddHHMM, UTC>`. */
export function amiNameOf(names: ImageNames, architecture: string, bakedAtMs: number): string {
  const suffix = new Date(bakedAtMs).toISOString().replace(/\D/g, "").slice(0, 12);
  return `${names.package}-${names.version}-${names.release}-${architecture}-${suffix}`;
}

/** Frigga's id of an image: eight letters and digits, here the first of the digest. */
export function amiIdOf(digest: string): string {
  return `ami-${digest.replace(/^sha256:/, "").slice(0, 8)}`;
}

/** Lower case, and one separator between two words (the reference grammar of the distribution specification). */
function repositoryOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** 128 by the same grammar, less what a unique name adds: a hyphen and twelve digits. */
const tagMax = 115;

function tagOf(version: string, release: string): string {
  return `${version}-${release}`.replace(/[^a-zA-Z0-9_.-]/g, "-").slice(0, tagMax);
}
