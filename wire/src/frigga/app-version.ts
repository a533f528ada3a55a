import { checkNameWithHyphen } from "./validation.ts";

/** What an image's `appversion` tag says of where it comes from. */
export interface AppVersion {
  readonly packageName: string;
  readonly version: string;
  /** `null` when only the build is named. */
  readonly commit: string | null;
  /** Digits, without the `h` before it. */
  readonly buildNumber: string | null;
  readonly buildJobName: string | null;
}

const versionChars = /^[0-9.a-zA-Z~]+$/;
// `-<build or commit>[.<the other>][~<more>]`, from a hyphen on.
const buildPart = /-(\w+)(?:\.(\w+))?(?:~[^]+)?$/y;
const jobPart = /^([^/]+)\/([0-9]+)$/;

/**
 * Reads an `appversion` tag: `subscriberha-1.0.0-586499.h150/WE-WAPP-subscriberha/150`. The part that begins with `h`
 * (Hudson) is the build, before or after the commit. A text that is no such tag is `null`.
 */
export function parseAppVersion(tag: string | null | undefined): AppVersion | null {
  if (tag === null || tag === undefined) return null;
  const slash = tag.indexOf("/");
  const head = slash < 0 ? tag : tag.slice(0, slash);
  if (!checkNameWithHyphen(head)) return null;
  const job = slash < 0 ? undefined : jobPart.exec(tag.slice(slash + 1));
  if (job === null || (job !== undefined && !checkNameWithHyphen(job[1]))) return null;
  // The package's name may have hyphens and is the longest possible: the last two hyphens that fit are the separators.
  let second = head.lastIndexOf("-");
  while (second > 0) {
    const first = head.lastIndexOf("-", second - 1);
    if (first < 1) return null;
    const version = head.slice(first + 1, second);
    buildPart.lastIndex = second;
    const build = versionChars.test(version) ? buildPart.exec(head) : null;
    if (build !== null) return assemble(head.slice(0, first), version, build, job?.[1] ?? null);
    second = first;
  }
  return null;
}

/** Order by package, version, job, build and commit, each as text; what is missing goes first. */
export function compareAppVersions(a: AppVersion | null, b: AppVersion | null): number {
  if (a === null || b === null) return compareText(a === null ? null : "", b === null ? null : "");
  return (
    compareText(a.packageName, b.packageName) ||
    compareText(a.version, b.version) ||
    compareText(a.buildJobName, b.buildJobName) ||
    compareText(a.buildNumber, b.buildNumber) ||
    compareText(a.commit, b.commit)
  );
}

function assemble(packageName: string, version: string, build: RegExpExecArray, buildJobName: string | null) {
  const [first = null, second = null] = build.slice(1);
  const buildFirst = first?.startsWith("h") ?? false;
  const buildText = buildFirst ? first : second;
  return {
    packageName,
    version,
    commit: buildFirst ? second : first,
    buildNumber: buildText?.slice(1) ?? null,
    buildJobName,
  };
}

function compareText(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
