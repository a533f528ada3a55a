export { commandsOf, type DocCommand, docCommands } from "./doc-commands.ts";
