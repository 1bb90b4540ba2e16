import type { PublishedPicture } from "@/shared/api/gallery";
import { creditInWords } from "@/shared/jobs/terms";
import { t } from "@/shared/text/text";
import css from "./Licence.module.css";

const DEEDS: Partial<Record<PublishedPicture["licence"], string>> = {
  "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
  "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
};

/** What others may do with a picture, in plain words. */
export function Licence({ picture }: { picture: PublishedPicture }) {
  const { licence, terms } = picture;
  const deed = DEEDS[licence];
  return (
    <section className={css["licence"]} aria-labelledby="licence" data-licence={licence}>
      <h2 id="licence" className={css["title"]}>
        {t(`licence.${licence}`)}
      </h2>
      <p>{t(`licence.${licence}.text`)}</p>
      {terms.credits.length > 0 ? <p className={css["credit"]}>{creditInWords(terms.credits)}</p> : null}
      <p className={css["links"]}>
        {deed ? <Outside href={deed}>{t(`licence.${licence}.name`)}</Outside> : null}
        {terms.licences.map((one) => (
          <Outside key={one.url} href={one.url}>
            {t("licence.model", { title: one.title })}
          </Outside>
        ))}
      </p>
    </section>
  );
}

function Outside({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} rel="noreferrer" target="_blank">
      {children}
    </a>
  );
}
