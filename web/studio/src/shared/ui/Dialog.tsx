import { type ReactNode, useEffect, useId, useRef } from "react";
import { t } from "@/shared/text/text";
import css from "./Dialog.module.css";
import { cx } from "./cx";

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** Buttons, the last one for what the dialog is about. */
  actions?: ReactNode;
  wide?: boolean;
}

/** A modal dialog. The browser keeps the focus in it, closes it with Escape and gives the focus back. */
export function Dialog({ open, onClose, title, children, actions, wide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    // A click on what is behind the dialog closes it, in browsers that know this.
    element?.setAttribute("closedby", "any");
    if (open && !element?.open) element?.showModal();
    if (!open && element?.open) element.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      className={cx(css["dialog"], wide && css["wide"])}
      aria-labelledby={id}
      onClose={onClose}
    >
      {open ? (
        <div className={css["sheet"]}>
          <header className={css["head"]}>
            <h2 id={id} className={css["title"]}>
              {title}
            </h2>
            <button type="button" className={css["close"]} onClick={onClose} aria-label={t("dialog.close")}>
              <span aria-hidden="true">×</span>
            </button>
          </header>
          <div className={css["body"]}>{children}</div>
          {actions ? <footer className={css["actions"]}>{actions}</footer> : null}
        </div>
      ) : null}
    </dialog>
  );
}
