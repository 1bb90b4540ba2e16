/** Small pictures of uploads. The API returns none, so the browser that sent a file keeps one, for as long as its tab. */
const PREFIX = "studio.upload.";
const SIDE = 480;

export function previewOf(uploadId: string): string | undefined {
  return sessionStorage.getItem(PREFIX + uploadId) ?? undefined;
}

export async function keepPreview(uploadId: string, file: File): Promise<void> {
  try {
    const bitmap = await createImageBitmap(file);
    const factor = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * factor));
    canvas.height = Math.max(1, Math.round(bitmap.height * factor));
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    sessionStorage.setItem(PREFIX + uploadId, canvas.toDataURL("image/webp", 0.85));
  } catch {
    // Without a preview, the upload is shown by its size.
  }
}
