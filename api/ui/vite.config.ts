import { defineConfig } from "vite";

// Nothing inlined: the page runs under a policy of script-src 'self', style-src 'self'.
export default defineConfig({
  build: {
    target: "es2022",
    license: { fileName: "licenses.md" }, // of Preact and uPlot, whose terms ask for it
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8321" } },
});
