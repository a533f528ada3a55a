import { useQueryClient } from "@tanstack/react-query";
import { useNotify } from "../../ui/notices.tsx";

/** Says what was done, and looks anew. */
export function useConfigDone(): (text: string) => Promise<void> {
  const notify = useNotify();
  const queries = useQueryClient();
  return async (text) => {
    notify({ kind: "sentence", tone: "good", text });
    await queries.invalidateQueries({ queryKey: ["config"] });
  };
}
