#!/usr/bin/env node
// Plain JavaScript that every Node can read: it is the first thing a person meets, also with a Node too old for the rest.
// Help and version are answered from here, without loading anything.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), "..");
const args = process.argv.slice(2);

if (Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(
    `✖ holdfast needs Node 24 or newer; this is ${process.version}\n` +
      "  try: npx holdfast …   in a directory where holdfast is installed (npm brings Node 24 along), or install Node 24\n" +
      "  code: NODE_TOO_OLD\n",
  );
  process.exitCode = 2;
} else if (args.length === 0 || (args.length === 1 && (args[0] === "--help" || args[0] === "-h"))) {
  process.stdout.write(readFileSync(join(packageDirectory, "bin/help.txt"), "utf8"));
} else if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${JSON.parse(readFileSync(join(packageDirectory, "package.json"), "utf8")).version}\n`);
} else {
  await run();
}

async function run() {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache();
  let directory;
  try {
    directory = await builtDirectory();
  } catch (error) {
    process.stderr.write(`✖ ${error.message}\n  try: node tools/src/build.ts\n  code: BUILD_FAILED\n`);
    process.exitCode = 1;
    return;
  }
  const { main } = await import(pathToFileURL(join(directory, "cli/main.mjs")).href);
  process.exitCode = await main(args);
}

/**
 * In the repository: the build of the sources as they are now, or, while they are being edited under a running test,
 * the one HOLDFAST_BUILD names. Installed: the build that came with the package.
 */
async function builtDirectory() {
  if (process.env.HOLDFAST_BUILD) return process.env.HOLDFAST_BUILD;
  const root = join(packageDirectory, "..");
  const builder = join(root, "tools/src/build.ts");
  if (existsSync(builder)) {
    const { ensureBuilt } = await import(pathToFileURL(builder).href);
    return await ensureBuilt(root, (line) => process.stderr.write(`${line}\n`));
  }
  const { hash } = JSON.parse(readFileSync(join(packageDirectory, "dist/current.json"), "utf8"));
  return join(packageDirectory, "dist", hash);
}
