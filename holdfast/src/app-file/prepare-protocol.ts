import type { LoadResult, NamedApplication } from "./load.ts";

/** What `up` asks of the short-lived process that runs the user's file and the bundler. */
export type PrepareRequest =
  | { readonly kind: "load"; readonly file: string; readonly facade: string | undefined }
  | {
      readonly kind: "bake";
      readonly file: string;
      readonly application: NamedApplication;
      readonly stateDirectory: string;
    };

export type PrepareMessage =
  | { readonly kind: "loaded"; readonly result: LoadResult }
  | { readonly kind: "progress"; readonly line: string }
  | {
      readonly kind: "baked";
      readonly images: Readonly<Record<string, string>>;
      readonly runs: Readonly<Record<string, string>>;
    }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly next: string | undefined };
