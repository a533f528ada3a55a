import type { Change } from "../change.ts";
import { PropertyBook } from "../property-book.ts";
import type { SecretRecord } from "../secrets/secret-record.ts";
import type { StageRecord } from "../stage/stage.ts";
import type { ChangeQuery, ConfigOpening, ConfigStore, ConfigWrite } from "./config-store.ts";

/** State without a disk, for tests; `failWith` plays a full one. */
export class MemoryConfigStore implements ConfigStore {
  failWith: Error | undefined;
  readonly #epoch: string;
  readonly #changes: Change[] = [];
  readonly #stages = new Map<string, StageRecord>();
  readonly #secrets = new Map<string, SecretRecord>();

  constructor(epoch = "memory") {
    this.#epoch = epoch;
  }

  async open(): Promise<ConfigOpening> {
    const book = new PropertyBook();
    for (const change of this.#changes) book.apply(change);
    const stored = {
      epoch: this.#epoch,
      revision: book.revision,
      rows: [...book.rows()],
      stages: [...this.#stages.values()],
      secrets: [...this.#secrets.values()],
    };
    return { stored, movedAside: undefined };
  }

  async write(writes: readonly ConfigWrite[]): Promise<void> {
    if (this.failWith !== undefined) throw this.failWith;
    // As on a disk: nobody changes afterwards what was written.
    for (const write of structuredClone(writes)) {
      if (write.kind === "change") this.#changes.push(write.change);
      else if (write.kind === "stage") this.#stages.set(write.stage.id, write.stage);
      else if (write.kind === "secret") this.#secrets.set(write.secret.name, write.secret);
      else this.#secrets.delete(write.name);
    }
  }

  async changes(query: ChangeQuery): Promise<Change[]> {
    const { after = 0, before = Number.MAX_SAFE_INTEGER, key, limit } = query;
    return this.#changes
      .filter(({ revision, edits }) => {
        if (revision <= after || revision >= before) return false;
        return key === undefined || edits.some((edit) => edit.key === key);
      })
      .toReversed()
      .slice(0, limit);
  }

  async close(): Promise<void> {}
}
