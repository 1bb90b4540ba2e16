/** What a request starts from: an image of a job, or an upload. */
import { useJob } from "@/shared/api/jobs";
import { useUploads } from "@/shared/api/uploads";
import { previewOf } from "./previews";

export type Source = { kind: "image"; jobId: string; index: number } | { kind: "upload"; uploadId: string };

export interface SourceView {
  url: string | undefined;
  width: number | undefined;
  height: number | undefined;
  /** It does not exist any more, or never did. */
  isGone: boolean;
}

/** Reads `<job_id>/<index>` and `upload/<upload_id>`; `undefined` for other texts. */
export function parseSource(text: unknown): Source | undefined {
  if (typeof text !== "string") return undefined;
  const match = /^(?:upload\/([a-z2-7]{26})|([a-z2-7]{26})\/([0-7]))$/.exec(text);
  if (!match) return undefined;
  const [, uploadId, jobId = "", index] = match;
  return uploadId ? { kind: "upload", uploadId } : { kind: "image", jobId, index: Number(index) };
}

/** How a source looks, and its size in pixels. */
export function useSource(text: unknown): SourceView | undefined {
  const source = parseSource(text);
  const job = useJob(source?.kind === "image" ? source.jobId : "", source?.kind === "image");
  const uploads = useUploads(source?.kind === "upload");
  if (!source) return undefined;
  if (source.kind === "image") {
    const image = job.data?.images[source.index];
    const isGone = job.isError || (job.isSuccess && image?.state !== "done");
    return { url: image?.thumbnail_url, width: image?.width, height: image?.height, isGone };
  }
  const upload = uploads.data?.find((one) => one.upload_id === source.uploadId);
  return { url: previewOf(source.uploadId), width: upload?.width, height: upload?.height, isGone: uploads.isSuccess && !upload };
}
