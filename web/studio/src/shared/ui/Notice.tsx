import type { ReactNode } from "react";
import { explain } from "@/shared/api/problems";
import { t } from "@/shared/text/text";
import { Button } from "./Button";
import css from "./Notice.module.css";
import { cx } from "./cx";

/** A message within a page. */
export function Notice({ children, tone = "calm", action }: { children: ReactNode; tone?: "calm" | "good" | "bad"; action?: ReactNode }) {
  return (
    <div className={cx(css["notice"], css[tone])} role={tone === "bad" ? "alert" : undefined}>
      <div>{children}</div>
      {action}
    </div>
  );
}

/** Why something could not be read, and a button that tries it again. */
export function Failed({ error, again }: { error: unknown; again: () => void }) {
  return (
    <Notice
      tone="bad"
      action={
        <Button small onClick={again}>
          {t("again")}
        </Button>
      }
    >
      {explain(error).text}
    </Notice>
  );
}

/** A page or list without content: what it will show, with a picture and a first step. */
export function Empty({ title, children, picture, action }: { title: string; children: ReactNode; picture?: string; action?: ReactNode }) {
  return (
    <div className={css["empty"]}>
      {picture ? <img src={picture} alt="" width={200} height={200} className={css["drawing"]} /> : null}
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  );
}
