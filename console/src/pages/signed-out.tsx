import type { ReactNode } from "react";
import { CommandLine } from "../ui/command-line.tsx";
import { Logo } from "../ui/logo.tsx";
import "./signed-out.css";

/** Shown whenever control answers 401: how to get in. The page comes alive by itself once signed in, in any tab. */
export function SignedOutPage(): ReactNode {
  return (
    <main className="signed-out">
      <div className="signed-out-card">
        <Logo size={56} />
        <h1>This console needs a key</h1>
        <p>
          Open the <strong>Console</strong> address that <code className="mono">holdfast up</code> printed: it carries a
          one-time code. Lost it, or already used it? This makes a new one and opens it here:
        </p>
        <CommandLine command="npx holdfast open" />
        <p className="muted">Run it beside the application file, on the machine where the stack runs.</p>
      </div>
    </main>
  );
}
