import type { Log, LogFields } from "@holdfast/kernel";

/** Keeps what is logged. */
export class RememberingLog implements Log {
  readonly lines: { readonly event: string; readonly fields: LogFields }[] = [];

  events(event: string): readonly LogFields[] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  }

  debug(event: string, fields: LogFields = {}): void {
    this.lines.push({ event, fields });
  }

  info(event: string, fields: LogFields = {}): void {
    this.debug(event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.debug(event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.debug(event, fields);
  }

  child(): Log {
    return this;
  }
}
