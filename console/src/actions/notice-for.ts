import type { Notice } from "../ui/notices.tsx";

/** An answer that is an operation is followed to its end; any other is simply acknowledged. */
export function noticeFor(answer: unknown, title: string): Notice {
  if (
    typeof answer === "object" &&
    answer !== null &&
    "total" in answer &&
    "id" in answer &&
    typeof answer.id === "string"
  ) {
    return { kind: "operation", id: answer.id, title };
  }
  return { kind: "sentence", tone: "good", text: `${title}: accepted.` };
}
