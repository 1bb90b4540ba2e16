import { SourceField } from "@/shared/source/SourceField";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { NumberField } from "@/shared/ui/Field";
import css from "./StickersField.module.css";

interface Sticker {
  source?: string | undefined;
  width_mm?: number | undefined;
  copies?: number | undefined;
}

interface Props {
  value: unknown;
  onValue: (value: Sticker[]) => void;
  errors: Record<string, string>;
}

const MOST = 12;

/** The pictures of a sticker sheet, each with its width and its number of copies. */
export function StickersField({ value, onValue, errors }: Props) {
  const stickers: Sticker[] = Array.isArray(value) && value.length > 0 ? (value as Sticker[]) : [{}];
  const set = (index: number, change: Sticker) => onValue(stickers.map((one, at) => (at === index ? { ...one, ...change } : one)));
  return (
    <fieldset className={css["stickers"]}>
      <legend className={css["legend"]}>{t("stickers.legend")}</legend>
      {stickers.map((sticker, index) => (
        // Two stickers may be equal, and only their places tell them apart.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className={css["sticker"]}>
          <SourceField
            label={t("stickers.motif", { number: index + 1 })}
            value={sticker.source}
            onSource={(source) => set(index, { source })}
            isRequired
            error={errors[`stickers.${index}.source`] ?? errors[`stickers.${index}`]}
          />
          <div className={css["row"]}>
            <NumberField
              label={t("stickers.width")}
              unit="mm"
              min={10}
              max={300}
              placeholder="50"
              value={sticker.width_mm}
              onValue={(width_mm) => set(index, { width_mm })}
              error={errors[`stickers.${index}.width_mm`]}
            />
            <NumberField
              label={t("stickers.copies")}
              min={1}
              max={100}
              placeholder="1"
              value={sticker.copies}
              onValue={(copies) => set(index, { copies })}
              error={errors[`stickers.${index}.copies`]}
            />
            {stickers.length > 1 ? (
              <Button look="quiet" small onClick={() => onValue(stickers.filter((_, at) => at !== index))}>
                {t("list.remove.short")}
              </Button>
            ) : null}
          </div>
        </div>
      ))}
      {stickers.length < MOST ? (
        <div>
          <Button onClick={() => onValue([...stickers, {}])}>{t("stickers.add")}</Button>
        </div>
      ) : null}
    </fieldset>
  );
}
