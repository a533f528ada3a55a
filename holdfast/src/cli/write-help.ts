/** Writes `bin/help.txt`, what `holdfast --help` prints without loading the commands. A test says when it is old. */
import { writeFileSync } from "node:fs";
import { helpText } from "./help.ts";

writeFileSync(new URL("../../bin/help.txt", import.meta.url), helpText());
