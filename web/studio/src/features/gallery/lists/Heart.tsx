/** A heart of one line, or of one colour. */
export function Heart({ full }: { full: boolean }) {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill={full ? "currentColor" : "none"} stroke="currentColor" strokeWidth="2.2" strokeLinejoin="round">
      <path d="M12 20.5C5.5 16 2.5 12.4 2.5 8.6 2.5 5.6 4.8 3.5 7.4 3.5c1.9 0 3.6 1 4.6 2.8 1-1.8 2.7-2.8 4.6-2.8 2.6 0 4.9 2.1 4.9 5.1 0 3.8-3 7.4-9.5 11.9Z" />
    </svg>
  );
}
