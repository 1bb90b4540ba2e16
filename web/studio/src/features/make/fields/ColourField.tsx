import { t } from "@/shared/text/text";
import { Field } from "@/shared/ui/Field";
import { Button } from "@/shared/ui/Button";
import css from "./ColourField.module.css";
import { cx } from "@/shared/ui/cx";

interface Props {
  label: string;
  hint: string | undefined;
  value: unknown;
  onValue: (value: string | undefined) => void;
  error: string | undefined;
  canBeTransparent: boolean;
}

/** Card stock that goes with most motifs. */
const STOCK = ["#ffffff", "#fdf6e3", "#fbe3a2", "#fdd5b8", "#f9cdd4", "#dfd2f3", "#c9e3f5", "#cdeadb", "#182622"];

/** A colour: swatches, the browser's own choice of colours, and nothing at all where that is possible. */
export function ColourField({ label, hint, value, onValue, error, canBeTransparent }: Props) {
  const chosen = typeof value === "string" ? value : undefined;
  return (
    <Field label={label} hint={hint} error={error}>
      {(wired) => (
        <div className={css["colours"]}>
          {STOCK.map((colour) => (
            <button
              key={colour}
              type="button"
              className={cx(css["swatch"], chosen === colour && css["chosen"])}
              style={{ backgroundColor: colour }}
              aria-pressed={chosen === colour}
              aria-label={t("colour.of", { colour })}
              onClick={() => onValue(colour)}
            />
          ))}
          {canBeTransparent ? (
            <button
              type="button"
              className={cx(css["swatch"], css["clear"], chosen === "transparent" && css["chosen"])}
              aria-pressed={chosen === "transparent"}
              aria-label={t("colour.transparent")}
              onClick={() => onValue("transparent")}
            />
          ) : null}
          <input
            type="color"
            {...wired}
            className={css["own"]}
            value={chosen?.startsWith("#") ? chosen : "#ffffff"}
            onChange={(event) => onValue(event.target.value)}
          />
          {chosen ? (
            <Button look="quiet" small onClick={() => onValue(undefined)}>
              {t("colour.none")}
            </Button>
          ) : null}
        </div>
      )}
    </Field>
  );
}
