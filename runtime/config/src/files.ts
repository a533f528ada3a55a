/** Configuration files. A door of its own: the YAML reader is loaded by those only who have files. */
export { cascadedNames, loadCascade } from "./sources/cascade.ts";
export { parseConfigText } from "./sources/config-file.ts";
export { type Disk, systemDisk } from "./sources/disk.ts";
export { FileSource, type FileSourceOptions } from "./sources/file-source.ts";
export { ConfigFileError, type ParsedFile, type ParsedValue } from "./sources/parsed-file.ts";
