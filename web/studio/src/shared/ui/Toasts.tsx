import { useSyncExternalStore } from "react";
import { explain } from "@/shared/api/problems";
import { t } from "@/shared/text/text";
import css from "./Toasts.module.css";
import { cx } from "./cx";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

const SHOWN_MS = 6000;
let toasts: readonly Toast[] = [];
let latest = 0;
const listeners = new Set<() => void>();

/** Says something in the corner for some seconds. */
export function say(text: string, bad = false): void {
  latest += 1;
  const id = latest;
  set([...toasts.slice(-2), { id, text, bad }]);
  setTimeout(() => dismiss(id), bad ? 2 * SHOWN_MS : SHOWN_MS);
}

/** Says why a request failed. */
export function sayProblem(error: unknown): void {
  say(explain(error).text, true);
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className={css["toasts"]} role="status" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={cx(css["toast"], toast.bad && css["bad"])}>
          <p>{toast.text}</p>
          <button type="button" className={css["close"]} onClick={() => dismiss(toast.id)} aria-label={t("dialog.close")}>
            <span aria-hidden="true">×</span>
          </button>
        </div>
      ))}
    </div>
  );
}
