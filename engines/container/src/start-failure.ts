import type { StartResult } from "@holdfast/engine";
import { messageOf, PlatformError } from "@holdfast/kernel";

/** Puts into a stable code and a sentence why a container did not start. Engines tell it in words only. */
export function startFailure(command: string, error: unknown): StartResult & { readonly kind: "failed" } {
  const said = messageOf(error);
  if (/executable file .* not found|no such file or directory.*(exec|command)|command that was not found/i.test(said)) {
    const reason = `command ${command} does not exist in the image; there is no shell in it either`;
    return failed("COMMAND_NOT_FOUND", reason);
  }
  if (/insufficient UIDs or GIDs/i.test(said)) {
    const reason = "the rootless container engine has too few user ids for the image";
    const next =
      "give yours some (usermod --add-subuids 100000-165535 --add-subgids 100000-165535), then `podman system migrate`";
    return failed("ENGINE_USER_IDS_FEW", `${reason}; ${next}`);
  }
  if (/permission denied/i.test(said) && /exec|OCI/i.test(said)) {
    return failed("COMMAND_NOT_EXECUTABLE", `command ${command} may not be executed (${said})`);
  }
  if (/address already in use|already allocated/i.test(said)) return failed("ADDRESS_UNAVAILABLE", said);
  if (error instanceof PlatformError && error.code.startsWith("IMAGE_")) return failed(error.code, said);
  if (error instanceof PlatformError && error.code === "CONTAINER_ENGINE_UNREACHABLE") {
    return failed(error.code, error.next === undefined ? said : `${said}; ${error.next}`);
  }
  return failed("START_FAILED", said);
}

function failed(reasonCode: string, reason: string): StartResult & { readonly kind: "failed" } {
  return { kind: "failed", reasonCode, reason };
}
