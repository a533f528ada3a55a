import { existsSync, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** The disk as an argument. */
export interface Disk {
  /** `undefined`: there is no such file. @throws what reading throws. */
  read(path: string): string | undefined;
  /** Something that changes when the file does; `undefined`: there is no such file. */
  stamp(path: string): string | undefined;
  /** Calls `onChange` when the file may have changed; may call too often, and may never. Gives the way to stop. */
  watch(path: string, onChange: () => void): () => void;
}

export const systemDisk: Disk = {
  read: (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
  stamp: (path) => {
    const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
    return stat === undefined ? undefined : `${stat.mtimeNs}/${stat.size}/${stat.ino}`;
  },
  // The directory's, since editors replace files: a watch of the file itself would go on watching the old one.
  watch: (path, onChange) => {
    try {
      const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
        if (name === null || name === basename(path)) onChange();
      });
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    } catch {
      return () => {};
    }
  },
};
