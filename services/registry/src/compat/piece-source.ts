import type { EurekaInstance } from "@holdfast/wire/eureka";

/** Instances by application, of which documents are made in pieces. */
export interface PieceSource {
  /** Names of all apps that have instances here, sorted. */
  apps(): readonly string[];
  ids(app: string): Iterable<string>;
  has(app: string, id: string): boolean;
  find(app: string, id: string): EurekaInstance | undefined;
  /** The hash a document of now is to carry. */
  hashcode(): string;
  /** Its `versions__delta`. */
  number(): number;
  /** Calls `watcher` after every change; returns the way to stop. */
  onChange(watcher: (app: string, id: string) => void): () => void;
}
