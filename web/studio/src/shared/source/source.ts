/** What a request starts from: an image of a job, an upload, or a picture of the gallery. */
import { usePicture } from "@/shared/api/gallery";
import { useJob } from "@/shared/api/jobs";
import { useUploads } from "@/shared/api/uploads";

export type Source = { kind: "image"; jobId: string; index: number } | { kind: "upload" | "picture"; id: string };

export interface SourceView {
  url: string | undefined;
  thumbnail: string | undefined;
  width: number | undefined;
  height: number | undefined;
  alpha: boolean | undefined;
  /** It does not exist any more, or never did. */
  isGone: boolean;
}

/** Reads `<job_id>/<index>`, `upload/<upload_id>` and `picture/<picture_id>`; `undefined` for other texts. */
export function parseSource(text: unknown): Source | undefined {
  if (typeof text !== "string") return undefined;
  const match = /^(?:(upload|picture)\/([a-z2-7]{26})|([a-z2-7]{26})\/([0-7]))$/.exec(text);
  if (!match) return undefined;
  const [, kind, id = "", jobId = "", index] = match;
  return kind === "upload" || kind === "picture" ? { kind, id } : { kind: "image", jobId, index: Number(index) };
}

/** How a source looks, and its size in pixels. */
export function useSource(text: unknown): SourceView | undefined {
  const source = parseSource(text);
  const job = useJob(source?.kind === "image" ? source.jobId : "", source?.kind === "image");
  const uploads = useUploads(source?.kind === "upload");
  const picture = usePicture(source?.kind === "picture" ? source.id : "", source?.kind === "picture");
  if (!source) return undefined;
  if (source.kind === "image") {
    const image = job.data?.images[source.index];
    const isGone = job.isError || (job.isSuccess && image?.state !== "done");
    return viewOf(image, isGone);
  }
  if (source.kind === "picture") return viewOf(picture.data, picture.isError);
  const upload = uploads.data?.find((one) => one.upload_id === source.id);
  return viewOf(upload, uploads.isSuccess && !upload);
}

interface Shown {
  url?: string;
  thumbnail_url?: string;
  width?: number;
  height?: number;
  alpha?: boolean;
}

function viewOf({ url, thumbnail_url: thumbnail, width, height, alpha }: Shown = {}, isGone = false): SourceView {
  return { url, thumbnail, width, height, alpha, isGone };
}
