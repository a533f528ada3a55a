// No import, no Holdfast in the programs: they read PORT and HOST from their environment, and that is all.
export default {
  name: "bring-your-own",
  services: {
    quotes: { run: "node quotes/server.js", health: { path: "/health" } },
    notes: { run: "node notes/server.js" },
  },
  routes: [
    { match: "/notes/**", to: "notes" },
    { match: "/**", to: "quotes" },
  ],
};
