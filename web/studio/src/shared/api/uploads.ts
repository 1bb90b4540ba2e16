import type { components } from "@client/index";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";
import { links, RENEW_MS } from "./links";
import { queries } from "./query";

export type Upload = components["schemas"]["UploadView"];
export type UploadSummary = components["schemas"]["UploadSummary"];
type ContentType = components["schemas"]["UploadRequest"]["content_type"];

export const ACCEPTED: readonly ContentType[] = ["image/png", "image/jpeg", "image/webp"];

/** Why a file was not taken: it never reached the API, or the storage refused it. */
export class UploadRefused extends Error {
  constructor(readonly why: "type" | "size" | "storage", readonly largestBytes = 0) {
    super(why);
    this.name = "UploadRefused";
  }
}

/** Sends a picture of the maker's own and has it checked. */
export function useUpload() {
  return useMutation({
    mutationFn: async (file: File): Promise<Upload> => {
      const type = ACCEPTED.find((accepted) => accepted === file.type);
      if (!type) throw new UploadRefused("type");
      const form = await body(api().POST("/v1/uploads", { body: { content_type: type } }));
      if (file.size > form.largest_bytes) throw new UploadRefused("size", form.largest_bytes);
      const data = new FormData();
      for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
      data.append("file", file);
      const stored = await fetch(form.url, { method: "POST", body: data });
      if (!stored.ok) throw new UploadRefused("storage");
      return body(api().POST("/v1/uploads/{upload_id}/check", { params: { path: { upload_id: form.upload_id } } }));
    },
    onSuccess: (checked) => {
      // What it looks like is known at once; the list follows.
      const listed = withStableLinks({ ...checked, state: "ready", created_at: new Date().toISOString() });
      queries.setQueryData<UploadSummary[]>(["uploads"], (uploads = []) => [listed, ...uploads]);
      return queries.invalidateQueries({ queryKey: ["uploads"] });
    },
  });
}

/** The maker's uploads, newest first. */
export function useUploads(enabled = true) {
  return useQuery({
    queryKey: ["uploads"],
    queryFn: async () => (await body(api().GET("/v1/uploads", { params: { query: { limit: 100 } } }))).uploads.map(withStableLinks),
    refetchInterval: RENEW_MS,
    enabled,
  });
}

function withStableLinks(upload: UploadSummary): UploadSummary {
  const keep = (kind: string, url: string) => links.keep(`uploads/${upload.upload_id}/${kind}`, url);
  return {
    ...upload,
    ...(upload.url && { url: keep("url", upload.url) }),
    ...(upload.thumbnail_url && { thumbnail_url: keep("thumbnail", upload.thumbnail_url) }),
  };
}
