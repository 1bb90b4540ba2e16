import { useState } from "react";
import { Link } from "wouter";
import type { PublishedPicture } from "@/shared/api/gallery";
import { t } from "@/shared/text/text";
import { toolPicture, toolSummary, toolTitle } from "@/shared/tools/tools";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import css from "./RemixMenu.module.css";

/** Tools that draw from words: their settings are all that a new picture needs. */
const FROM_WORDS: ReadonlySet<string> = new Set(["picture", "pattern", "clipart"]);
const FROM_PICTURES = ["variations", "outpaint", "upscale", "cutout", "pattern", "lineart"];

/** What a picture can become: another one with its settings, or one that starts from it. */
export function RemixMenu({ picture: { picture_id: id, title, tool } }: { picture: PublishedPicture }) {
  const [isOpen, open] = useState(false);
  return (
    <>
      <Button look="primary" onClick={() => open(true)}>
        {t("picture.remix")}
      </Button>
      <Dialog open={isOpen} onClose={() => open(false)} title={t("remix.title", { title })} wide>
        <ul className={css["ways"]}>
          {FROM_WORDS.has(tool) ? (
            <Way tool={tool} href={`/make/${tool}?remix=${id}`} title={t("remix.settings")} text={t("remix.settings.text")} />
          ) : null}
          {FROM_PICTURES.map((one) => (
            <Way
              key={one}
              tool={one}
              href={`/make/${one}?source=${encodeURIComponent(`picture/${id}`)}`}
              title={toolTitle(one)}
              text={toolSummary(one)}
            />
          ))}
        </ul>
      </Dialog>
    </>
  );
}

function Way({ tool, href, title, text }: { tool: string; href: string; title: string; text: string }) {
  return (
    <li>
      <Link href={href} className={css["way"]}>
        <img src={toolPicture(tool)} alt="" width={160} height={120} className={css["picture"]} />
        <strong>{title}</strong>
        <span>{text}</span>
      </Link>
    </li>
  );
}
