/** A small picture of a choice. */
export function Sample({ src }: { src: string | undefined }) {
  return src ? <img src={src} alt="" width={224} height={224} /> : null;
}
