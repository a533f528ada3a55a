import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";

/**
 * A text that lives in the address bar. The address follows a moment later than the key; while one types, the field
 * shows what was typed, or the cursor would jump to its end.
 */
export function TypedField(props: {
  readonly label: string;
  readonly placeholder?: string;
  /** Default `text`. A `datetime-local` counts in seconds. */
  readonly type?: "text" | "datetime-local";
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  const { label, placeholder = "", type = "text", value, onChange } = props;
  const [typed, setTyped] = useState<string>();
  return (
    <TextInput
      className={`typed-${type}`}
      label={label}
      placeholder={placeholder}
      type={type}
      step={type === "text" ? undefined : 1}
      value={typed ?? value}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(event.currentTarget.value);
      }}
      onBlur={() => setTyped(undefined)}
    />
  );
}
