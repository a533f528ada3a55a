/** All that Holdfast needs to know. A plain object: nothing is imported, and the two programs know nothing of this file. */
export default {
  name: "bring-your-own",
  services: {
    notes: {
      run: "node notes/server.js",
      health: { path: "/notes" },
      // Three processes keep one list: a file that lives longer than any of them. The image itself is read-only.
      env: { NOTES_DB: `${import.meta.dirname}/.holdfast/notes.db` },
    },
    quotes: { run: "node quotes/server.js", health: { path: "/quotes/1" } },
  },
  routes: [
    { match: "/notes", to: "notes" },
    { match: "/notes/**", to: "notes" },
    { match: "/**", to: "quotes" },
  ],
};
