import type { PublishedPicture } from "@/shared/api/gallery";
import { t } from "@/shared/text/text";
import { toolTitle } from "@/shared/tools/tools";
import css from "./Recipe.module.css";
import { type Line, recipeOf } from "./recipe";

/** What the picture was made with: the words, what matters, and the rest folded away. */
export function Recipe({ picture }: { picture: PublishedPicture }) {
  const { words, main, rest } = recipeOf(picture);
  const technical: Line[] = [
    ...rest,
    { name: t("recipe.pixels"), value: `${picture.width} × ${picture.height}` },
    { name: t("recipe.model"), value: picture.model },
    { name: t("field.seed"), value: String(picture.seed) },
  ];
  return (
    <section className={css["recipe"]} aria-labelledby="recipe">
      <h2 id="recipe" className={css["title"]}>
        {t("picture.recipe")}
      </h2>
      <Lines lines={[{ name: t("recipe.tool"), value: toolTitle(picture.tool) }, ...words, ...main]} />
      {words.length === 0 ? <p className={css["private"]}>{t("picture.words.private")}</p> : null}
      <details className={css["rest"]}>
        <summary>{t("picture.recipe.rest")}</summary>
        <Lines lines={technical} />
      </details>
    </section>
  );
}

function Lines({ lines }: { lines: readonly Line[] }) {
  return (
    <dl className={css["lines"]}>
      {lines.map((line) => (
        <div key={line.name} className={css["line"]}>
          <dt>{line.name}</dt>
          <dd>
            {line.colours?.map((colour) => (
              <span key={colour} className={css["colour"]} style={{ background: colour }} aria-hidden="true" />
            ))}
            {line.value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
