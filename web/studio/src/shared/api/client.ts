/** The typed client of the API, with the maker's token. */
import { craftspark, type paths } from "@client/index";
import type { Client } from "openapi-fetch";
import { apiRoot, type Config } from "@/shared/session/config";
import { endSession, token } from "@/shared/session/session";

let client: Client<paths>;

/** Call it once, before the first page. */
export function openApi(config: Config): void {
  client = craftspark({ baseUrl: apiRoot(config.api, location.origin), token });
  client.use({
    onResponse({ response }) {
      if (response.status === 401) endSession();
      return undefined;
    },
  });
}

export function api(): Client<paths> {
  return client;
}

/** The body of an answer. What the API refuses is thrown as `Refused`, so an answer without a body is its fault. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Error("the API answered without a body");
  return data;
}
