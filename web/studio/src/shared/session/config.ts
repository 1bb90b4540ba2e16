/** What a deployment says about itself, in `/config.json` beside the build. */
export interface Config {
  oidc: { authority: string; client_id: string; scope: string };
  /** Where the API answers, such as `/v1`: a path on this origin, or an address. */
  api: string;
}

/** Reads the configuration. Throws an Error if there is none, or if it lacks a field. */
export async function readConfig(): Promise<Config> {
  const response = await fetch("/config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`/config.json: ${response.status}`);
  return checked(await response.json());
}

export function checked(value: unknown): Config {
  const config = value as Partial<Config> | null;
  const { authority, client_id, scope } = config?.oidc ?? {};
  for (const [name, field] of Object.entries({ authority, client_id, scope, api: config?.api })) {
    if (typeof field !== "string" || !field) throw new Error(`/config.json has no ${name}`);
  }
  return config as Config;
}

/** The API's address without `/v1`, which the paths of its description begin with. */
export function apiRoot(api: string, origin: string): string {
  return new URL(api, origin).href.replace(/\/v1\/?$/, "");
}
