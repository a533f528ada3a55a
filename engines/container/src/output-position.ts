/** So much of the end of what we have is looked for in what the engine has. */
const tailBytes = 64 * 1_024;

/** What we have written of a container's output. */
export interface Written {
  /** The file as it is. */
  readonly file: Buffer;
  /** What was cut off before, so that the file begins somewhere in the middle; `undefined` when nothing was. */
  readonly cut: Buffer | undefined;
}

/**
 * Where in a container's whole output, as its engine keeps it, what we have ends. Told by content: engines tell times to the
 * second only (Podman 4.3), and those that bound their logs forget the beginning.
 */
export function positionIn(output: Buffer, { file, cut }: Written): number {
  const complete = cut === undefined;
  if (complete && output.subarray(0, file.length).equals(file)) return file.length;
  const tail = Buffer.concat([cut ?? Buffer.alloc(0), file]).subarray(-tailBytes);
  if (tail.length === 0) return 0;
  const at = output.lastIndexOf(tail);
  // Not there: the engine has forgotten what we have, and all it has is new.
  return at < 0 ? 0 : at + tail.length;
}
