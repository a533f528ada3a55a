/** A document ready to be sent, as it is and compressed; in pieces, so that a large one need not be one buffer. */
export interface CachedBody {
  /** A strong tag of the content. */
  readonly etag: string;
  readonly plain: readonly Buffer[];
  readonly gzip: readonly Buffer[];
  readonly plainBytes: number;
  readonly gzipBytes: number;
}
