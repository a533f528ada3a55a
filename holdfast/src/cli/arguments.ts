import { OptionError } from "@holdfast/kernel";

/** @throws OptionError naming the argument. */
export function readCountArgument(name: string, text: string, max: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > max) {
    throw new OptionError(name, `a whole number from 0 to ${max}`, text);
  }
  return value;
}
