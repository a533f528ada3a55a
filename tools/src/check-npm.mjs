// Runs before `npm ci` (plain JavaScript: the Node that runs it may be old). An npm that does not know
// `install-strategy=linked` would hoist everything and hide undeclared imports, so it is refused here.
const version = /npm\/(\d+)\.(\d+)/.exec(process.env.npm_config_user_agent ?? "");
if (version !== null && Number(version[1]) < 10) {
  console.error(
    `npm ${version[1]}.${version[2]} is too old for this repository (needs 10 or newer: linked workspaces).\n` +
      "  try: npx --yes npm@11 ci",
  );
  process.exit(1);
}
