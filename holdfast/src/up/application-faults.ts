import { PlatformError } from "@holdfast/kernel";
import { type FileFault, formatFault } from "../app-file/fault.ts";

/** The application file cannot be used; the message holds one line for each fault. */
export class ApplicationFaultsError extends PlatformError<"APP_FILE_FAULTY"> {
  readonly faults: readonly FileFault[];

  constructor(faults: readonly FileFault[]) {
    super("APP_FILE_FAULTY", faults.map(formatFault).join("\n"), {
      next:
        faults.length === 1 ? "correct it and run it again" : `correct these ${faults.length} faults and run it again`,
      status: 400,
    });
    this.faults = faults;
  }
}
