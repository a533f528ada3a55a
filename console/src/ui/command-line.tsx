import { UnstyledButton } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import type { ReactNode } from "react";
import "./command-line.css";

/** A command as it would be typed, with a button that copies it. */
export function CommandLine({ command }: { readonly command: string }): ReactNode {
  const clipboard = useClipboard({ timeout: 2_000 });
  return (
    <div className="command-line">
      <code>
        <span className="command-prompt" aria-hidden="true">
          ${" "}
        </span>
        {command}
      </code>
      <UnstyledButton className="command-copy" aria-label={`Copy: ${command}`} onClick={() => clipboard.copy(command)}>
        <span aria-live="polite">{clipboard.copied ? "Copied" : "Copy"}</span>
      </UnstyledButton>
    </div>
  );
}
