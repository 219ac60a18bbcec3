// Builds the front end into dist: relative paths only, no inline scripts, everything on board.
// `--mode mock` puts a scripted backend in the place of the real one; the product build never holds it.
import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte, vitePreprocess } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  base: "./",
  plugins: [
    paraglideVitePlugin({
      project: "./project.inlang",
      outdir: "./src/paraglide",
      outputStructure: "locale-modules",
      strategy: ["globalVariable", "baseLocale"],
      emitReadme: false,
    }),
    svelte({ preprocess: vitePreprocess() }),
  ],
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    outDir: mode === "mock" ? "dist-mock" : "dist",
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/rpc": "http://127.0.0.1:8520", "/events": "http://127.0.0.1:8520" },
  },
  test: {
    environment: "jsdom",
    environmentOptions: { jsdom: { url: "http://localhost/" } },
    include: ["tests/**/*.test.ts", "src/**/*.test.ts"],
    css: true,
    testTimeout: 20_000,
    setupFiles: ["tests/setup.ts"],
  },
}));
