import { QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { hear } from "./jobs";
import { queries } from "./query";

test("a page that is open reads its job again once another window has deleted it", async () => {
  const read = vi.fn<() => Promise<string>>().mockResolvedValueOnce("a job").mockResolvedValue("nothing");
  const page = new QueryObserver(queries, { queryKey: ["jobs", "one", "fox"], queryFn: read });
  const leave = page.subscribe(() => undefined);
  await vi.waitFor(() => expect(page.getCurrentResult().data).toBe("a job"));

  hear({ type: "job.deleted", job_id: "fox" });

  await vi.waitFor(() => expect(page.getCurrentResult().data).toBe("nothing"));
  leave();
});
