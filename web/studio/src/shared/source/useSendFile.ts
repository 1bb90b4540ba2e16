import { explain } from "@/shared/api/problems";
import { UploadRefused, useUpload } from "@/shared/api/uploads";
import { number, t } from "@/shared/text/text";
import { say } from "@/shared/ui/Toasts";

/** Sends a file, and tells its name as a source. */
export function useSendFile(onSource: (source: string) => void) {
  const upload = useUpload();
  const send = (file: File) =>
    upload.mutate(file, {
      onSuccess: (checked) => onSource(checked.source),
      onError: (error) => say(why(error), true),
    });
  return { send, isSending: upload.isPending };
}

function why(error: Error): string {
  if (!(error instanceof UploadRefused)) return explain(error).text;
  switch (error.why) {
    case "type":
      return t("source.wrong.type");
    case "size":
      return t("source.wrong.size", { megabytes: number(error.largestBytes / 1_000_000) });
    default:
      return t("source.wrong.storage");
  }
}
