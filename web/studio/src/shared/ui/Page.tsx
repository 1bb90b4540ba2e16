import { type ReactNode, useEffect } from "react";
import { t } from "@/shared/text/text";
import css from "./Page.module.css";
import { cx } from "./cx";

interface Props {
  title: string;
  /** One sentence under the title. */
  lead?: ReactNode;
  /** Beside the title. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string | undefined;
}

/** A page with its heading, which also names the browser's tab. */
export function Page({ title, lead, aside, children, className }: Props) {
  useTitle(title);
  return (
    <div className={cx(css["page"], className)}>
      <header className={css["head"]}>
        <div className={css["titles"]}>
          <h1>{title}</h1>
          {lead ? <p className={css["lead"]}>{lead}</p> : null}
        </div>
        {aside ? <div className={css["aside"]}>{aside}</div> : null}
      </header>
      {children}
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${t("name")}`;
  }, [title]);
}
