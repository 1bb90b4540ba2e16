import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin, PreviewServer, ViteDevServer } from "vite";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The configuration that a deployment puts beside the build, for the servers of `npm run dev` and `vite preview`.
 *
 * `STUDIO_API` is the address of an API, such as the one that `python -m local_cloud up` prints. `STUDIO_AUTHORITY` and
 * `STUDIO_CLIENT_ID` are the issuer and the client that sign makers in.
 */
function configuration(): Plugin {
  const { STUDIO_AUTHORITY = "http://127.0.0.1:4566/none", STUDIO_CLIENT_ID = "none" } = process.env;
  const config = {
    oidc: { authority: STUDIO_AUTHORITY, client_id: STUDIO_CLIENT_ID, scope: "openid email" },
    api: "/v1",
  };
  const serve = ({ middlewares }: ViteDevServer | PreviewServer) => {
    middlewares.use("/config.json", (_request, response) => {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(config));
    });
  };
  return { name: "configuration", configureServer: serve, configurePreviewServer: serve };
}

const api = process.env["STUDIO_API"];
const target = api ? new URL(api) : undefined;
const proxy = target && {
  "/v1": {
    target: target.origin,
    changeOrigin: true,
    rewrite: (path: string) => target.pathname.replace(/\/$/, "") + path,
  },
};

export default defineConfig({
  plugins: [react(), configuration()],
  resolve: {
    alias: {
      "@client": here("../client"),
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
  test: { environment: "node", include: ["src/**/*.test.ts"], isolate: false },
});
