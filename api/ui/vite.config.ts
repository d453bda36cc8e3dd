import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Beside each script and style its form packed by gzip, which the server sends to whoever takes it. */
const packed: Plugin = {
  name: "packed",
  apply: "build",
  writeBundle({ dir = "dist" }) {
    const assets = join(dir, "assets");
    for (const name of readdirSync(assets).filter((one) => /\.(js|css)$/.test(one))) {
      writeFileSync(join(assets, `${name}.gz`), gzipSync(readFileSync(join(assets, name)), { level: 9 }));
    }
  },
};

// Nothing inlined: the page runs under a policy of script-src 'self', style-src 'self'.
export default defineConfig({
  plugins: [packed],
  build: {
    target: "es2022",
    license: { fileName: "licenses.md" }, // of Preact and uPlot, whose terms ask for it
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8321" } },
});
