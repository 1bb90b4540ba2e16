/** A typed client of the API, for browsers and Node. `schema.d.ts` is generated from docs/openapi.json. */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type { components, paths } from "./schema";
export type Job = components["schemas"]["JobView"];
export type Problem = components["schemas"]["Problem"];

export interface Options {
  /** Where the API answers, without a slash at its end. */
  baseUrl: string;
  /** A maker's token, asked for with every request, so that it may be renewed. Visitors have none. */
  token: () => string | undefined | Promise<string | undefined>;
}

/** What the API refused, with its problem: `type` is stable, `field` names the part of the request at fault. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
    /** Seconds until another try pays, where the API says so. */
    readonly retryAfter?: number,
  ) {
    super(problem.detail ?? `the API answered ${status}`);
    this.name = "Refused";
  }
}

/** A client whose calls are typed by path; what is refused throws `Refused`. */
export function craftspark({ baseUrl, token }: Options): Client<paths> {
  const client = createClient<paths>({ baseUrl });
  const signedIn: Middleware = {
    async onRequest({ request }) {
      const bearer = await token();
      if (bearer !== undefined) request.headers.set("Authorization", `Bearer ${bearer}`);
      return request;
    },
    async onResponse({ response }) {
      if (response.ok || response.status === 304) return response;
      const problem: Partial<Problem> = await response.json().catch(() => ({}));
      const after = Number(response.headers.get("Retry-After"));
      throw new Refused(response.status, problem, after || undefined);
    },
  };
  client.use(signedIn);
  return client;
}

/** The job once it has ended; looks as often as the API says that it pays, for up to `withinMs`. */
export async function ended(client: Client<paths>, jobId: string, withinMs = 600_000): Promise<Job> {
  const latest = Date.now() + withinMs;
  while (Date.now() < latest) {
    const { data, response } = await client.GET("/v1/jobs/{job_id}", { params: { path: { job_id: jobId } } });
    if (data?.finished_at) return data;
    const seconds = Number(response.headers.get("Retry-After")) || 1;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
  throw new Error(`job ${jobId} did not end within ${withinMs} ms`);
}
