import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The address of a deployment, such as that of Studio in the local cloud. Its API, configuration and pictures are used.
const deployment = process.env["STUDIO_API"];
const target = deployment && new URL(deployment).origin;
const proxy = target && Object.fromEntries(["/v1", "/config.json", "/pictures"].map((path) => [path, { target, changeOrigin: true }]));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      "@client": here("../client"),
      "@docs": here("../../docs"),
      "@": here("src"),
      // The client's own folder has no packages.
      "openapi-fetch": here("node_modules/openapi-fetch"),
    },
  },
  server: { port: 5173, strictPort: true, ...(proxy && { proxy }), fs: { allow: [here("..")] } },
  build: {
    target: "es2023",
    manifest: true,
    // A picture in a script would count against its budget, and fonts in style sheets are not allowed by the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // All files share one environment. Only a test that hangs reaches the limit.
  test: { environment: "node", include: ["src/**/*.test.ts"], isolate: false, unstubGlobals: true, testTimeout: 180_000 },
});
