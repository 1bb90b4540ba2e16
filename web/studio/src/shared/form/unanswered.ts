import { forgetFields, keepFields, keptFields, type Request } from "./fields";

const place = (tool: string) => `${tool}/unanswered`;

/**
 * The key to send a request with. It is kept until there is an answer: if that gets lost, the same request after a reload
 * is the same job.
 */
export function keyOf(tool: string, request: Request): string {
  const text = JSON.stringify(request);
  const { key, request: kept } = keptFields(place(tool));
  if (typeof key === "string" && kept === text) return key;
  const fresh = crypto.randomUUID();
  keepFields(place(tool), { key: fresh, request: text });
  return fresh;
}

/** The job is there: the same request again is another job. */
export function answered(tool: string): void {
  forgetFields(place(tool));
}
