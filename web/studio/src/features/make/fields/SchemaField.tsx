import { fieldsOf, type FieldSchema, type Schema, unitOf } from "@/shared/form/schema";
import type { Fields } from "@/shared/form/fields";
import { named, number } from "@/shared/text/text";
import { valuePicture } from "@/shared/tools/tools";
import { Choices } from "@/shared/ui/Choices";
import { Check, NumberField, RangeField, SelectField, TextArea, TextField } from "@/shared/ui/Field";
import { ColourField } from "./ColourField";
import { fieldHint, fieldLabel, valueLabel } from "./labels";
import { Sample } from "./Sample";
import css from "./SchemaField.module.css";
import { WordsField } from "./WordsField";

export interface FieldProps {
  /** The name of the tool, which may have texts of its own for the field. */
  tool: string;
  field: FieldSchema;
  /** The schema that references of the field belong to. */
  root: Schema;
  value: unknown;
  onValue: (value: unknown) => void;
  /** Why fields were refused, by their paths. */
  errors: Record<string, string>;
  path?: string;
}

const FEW = 6;
const SLIDERS = new Set(["strength", "guidance", "density", "rotation", "margin", "size_spread"]);

/** The control that fits a field of a request, as its schema says. */
export function SchemaField(props: FieldProps) {
  const { tool, field, value, onValue, errors, path = field.name } = props;
  const { schema, kind, otherwise, name } = field;
  const label = fieldLabel(path, tool);
  const hint = fieldHint(path, tool, field.description) || undefined;
  const error = errors[path];
  switch (kind) {
    case "choice":
      return <ChoiceField {...props} label={label} hint={hint} />;
    case "number":
    case "integer": {
      const range = { min: schema.minimum ?? schema.exclusiveMinimum, max: schema.maximum };
      const step = kind === "integer" ? 1 : "any";
      if (SLIDERS.has(name) && range.min !== undefined && range.max !== undefined) {
        const shown = typeof value === "number" ? value : typeof otherwise === "number" ? otherwise : undefined;
        return (
          <RangeField
            label={label}
            hint={hint}
            error={error}
            {...range}
            step={(range.max - range.min) / 100 < 0.05 ? 0.01 : 0.5}
            value={shown ?? (range.min + range.max) / 2}
            shown={shown === undefined ? named("field", "automatic", "automatic") : number(shown, 2)}
            onChange={(event) => onValue(event.target.valueAsNumber)}
          />
        );
      }
      return (
        <NumberField
          label={label}
          hint={hint}
          error={error}
          {...range}
          step={step}
          value={typeof value === "number" ? value : undefined}
          onValue={onValue}
          placeholder={typeof otherwise === "number" ? number(otherwise, 3) : named("field", "automatic", "automatic")}
          {...unit(name)}
        />
      );
    }
    case "yes-no":
      return <Check label={label} hint={hint} checked={(value ?? otherwise) === true} onChange={(event) => onValue(event.target.checked)} />;
    case "group":
      return <Group {...props} label={label} hint={hint} />;
    case "list":
      return <WordsField label={label} hint={hint} schema={schema} value={value} onValue={onValue} error={error} />;
    default:
      if (schema.pattern?.includes("#")) {
        return <ColourField label={label} hint={hint} value={value} onValue={onValue} error={error} canBeTransparent={schema.pattern.includes("transparent")} />;
      }
      return <Words label={label} hint={hint} error={error} schema={schema} value={value} onValue={onValue} big={name === "prompt"} />;
  }
}

interface Described {
  label: string;
  hint: string | undefined;
}

interface WordsProps extends Described {
  error: string | undefined;
  schema: Schema;
  value: unknown;
  onValue: (value: unknown) => void;
  big: boolean;
}

function Words({ label, hint, error, schema, value, onValue, big }: WordsProps) {
  const shared = { label, hint, error, maxLength: schema.maxLength, value: typeof value === "string" ? value : "" };
  return big ? (
    <TextArea {...shared} onChange={(event) => onValue(event.target.value)} placeholder={named("field.example", "prompt", "")} />
  ) : (
    <TextField {...shared} onChange={(event) => onValue(event.target.value)} />
  );
}

function ChoiceField({ field, value, onValue, errors, path = field.name, label, hint }: FieldProps & Described) {
  const { schema, otherwise, name } = field;
  const options = schema.enum ?? [];
  const chosen = (options.includes(value as string) ? value : (otherwise ?? "")) as string | number;
  const none = otherwise === null ? [{ value: "", label: named("value.none", name, named("field", "automatic", "automatic")) }] : [];
  const isSeen = options.length > 0 && options.every((option) => valuePicture(name, option));
  if (isSeen || options.length <= FEW) {
    return (
      <Choices
        look={isSeen ? "pictures" : "chips"}
        legend={label}
        hint={hint}
        error={errors[path]}
        value={chosen}
        onChoose={(option) => onValue(option === "" ? undefined : option)}
        choices={[...none, ...options.map((option) => ({ value: option, label: valueLabel(name, option), picture: <Sample src={valuePicture(name, option)} /> }))]}
      />
    );
  }
  return (
    <SelectField
      label={label}
      hint={hint}
      error={errors[path]}
      value={chosen}
      onChange={(event) => onValue(options.find((option) => String(option) === event.target.value))}
    >
      {none.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
      {options.map((option) => (
        <option key={option} value={option}>
          {valueLabel(name, option)}
        </option>
      ))}
    </SelectField>
  );
}

/** An object of fields, such as the sheet of a pattern. */
function Group({ tool, field, root, value, onValue, errors, path = field.name, label, hint }: FieldProps & Described) {
  const inner = (typeof value === "object" && value !== null ? value : {}) as Fields;
  return (
    <details className={css["group"]} open={Object.keys(errors).some((name) => name.startsWith(`${path}.`)) || undefined}>
      <summary className={css["legend"]}>{label}</summary>
      {hint ? <p className={css["hint"]}>{hint}</p> : null}
      <div className={css["fields"]}>
        {fieldsOf(field.schema, root).map((one) => (
          <SchemaField
            key={one.name}
            tool={tool}
            field={one}
            root={root}
            value={inner[one.name]}
            onValue={(next) => onValue({ ...inner, [one.name]: next })}
            errors={errors}
            path={`${path}.${one.name}`}
          />
        ))}
      </div>
    </details>
  );
}

function unit(name: string): { unit?: string } {
  const found = unitOf(name);
  return found ? { unit: found } : {};
}
