import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `vite dev` works against a running stack too: the API is passed on to control. */
const control = process.env["HOLDFAST_CONTROL"] ?? "http://127.0.0.1:7070";

export default defineConfig({
  base: "/",
  plugins: [react()],
  // With linked installs @mantine/hooks does not see react-dom, which it imports without naming it as a peer.
  resolve: { dedupe: ["react", "react-dom"] },
  build: {
    outDir: process.env["HOLDFAST_CONSOLE_OUT"] ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    // Everything is served from the same loopback server: inlined assets would only defeat its cache and a strict CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1", proxy: { "/v1": control, "/login": control } },
});
