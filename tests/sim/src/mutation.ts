import { registerHooks } from "node:module";

/** A bug: one place of our own source, as it is and as it is loaded instead. */
export interface Mutation {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Must occur just once in that file. */
  readonly find: string;
  readonly replace: string;
}

/**
 * From now on `file` is loaded with the bug in it; call before anything imports it. Call what is returned when everything is
 * loaded.
 *
 * @throws Error (then, or while loading) when the place is not there just once, or nobody has loaded the file: a bug that is
 * not there is found by no test.
 */
export function plant({ name, file, find, replace }: Mutation): () => void {
  let isPlanted = false;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith(`/${file}`)) return loaded;
      const source =
        typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source ?? undefined);
      const places = source.split(find).length - 1;
      if (places !== 1) throw new Error(`planted bug "${name}": ${file} has ${places} places that read: ${find}`);
      isPlanted = true;
      // A text that is a pattern to `replace` must not be one.
      return { ...loaded, source: source.replace(find, () => replace) };
    },
  });
  return () => {
    if (!isPlanted) throw new Error(`planted bug "${name}": ${file} was not loaded`);
  };
}
