import type { Schema } from "@/shared/form/schema";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { TextField } from "@/shared/ui/Field";
import css from "./WordsField.module.css";

interface Props {
  label: string;
  hint: string | undefined;
  schema: Schema;
  value: unknown;
  onValue: (value: string[]) => void;
  error: string | undefined;
}

/** A list of texts, such as further motifs: one field for each, and a button for another one. */
export function WordsField({ label, hint, schema, value, onValue, error }: Props) {
  const texts = Array.isArray(value) ? value.map(String) : [];
  const set = (index: number, text: string) => onValue(texts.map((one, at) => (at === index ? text : one)));
  return (
    <fieldset className={css["list"]}>
      <legend className="unseen">{label}</legend>
      {texts.map((text, index) => (
        // Texts have no names of their own; they are only added at the end.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className={css["row"]}>
          <TextField
            label={`${label} ${index + 1}`}
            value={text}
            maxLength={schema.items?.maxLength}
            onChange={(event) => set(index, event.target.value)}
          />
          <Button look="quiet" small onClick={() => onValue(texts.filter((_, at) => at !== index))} aria-label={t("list.remove", { what: text || label })}>
            {t("list.remove.short")}
          </Button>
        </div>
      ))}
      {texts.length < (schema.maxItems ?? 8) ? (
        <div>
          <Button small onClick={() => onValue([...texts, ""])}>
            {t("list.add", { what: label })}
          </Button>
        </div>
      ) : null}
      {hint && texts.length === 0 ? <p className={css["hint"]}>{hint}</p> : null}
      {error ? <p className={css["error"]}>{error}</p> : null}
    </fieldset>
  );
}
