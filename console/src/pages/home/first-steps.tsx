import { Button } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import type { ReactNode } from "react";
import type { FirstStep } from "../../lib/first-steps.ts";
import { CommandLine } from "../../ui/command-line.tsx";
import { Panel } from "../../ui/page.tsx";
import { ToneShape } from "../../ui/status-mark.tsx";

/** What to try on a first visit, until it is hidden on this browser. */
export function FirstSteps({ steps }: { readonly steps: readonly FirstStep[] }): ReactNode {
  const [hidden, setHidden] = useLocalStorage({
    key: "holdfast-first-steps-hidden",
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  if (hidden || steps.length === 0) return undefined;
  return (
    <Panel
      title="Try this"
      beside={
        <Button variant="subtle" size="compact-xs" onClick={() => setHidden(true)}>
          Hide
        </Button>
      }
    >
      <ol className="first-steps">
        {steps.map((step, index) => (
          <li key={step.title} data-done={step.done}>
            <p className="first-step-title">
              {step.done ? (
                <ToneShape tone="good" size={20} />
              ) : (
                <span className="first-step-number" aria-hidden="true">
                  {index + 1}
                </span>
              )}
              <strong>{step.title}</strong>
              {step.done ? <span className="first-step-done">done</span> : undefined}
            </p>
            <p className="muted first-step-expect">{step.expect}</p>
            <CommandLine command={step.command} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}
