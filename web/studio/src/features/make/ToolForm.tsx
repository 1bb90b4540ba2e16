import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { explain, type Explained } from "@/shared/api/problems";
import { useSubmit } from "@/shared/api/requests";
import type { Tool } from "@/shared/api/tools";
import { type Fields, missing, requestOf, useFields } from "@/shared/form/fields";
import type { FieldSchema, Schema } from "@/shared/form/schema";
import { keepPromise } from "@/shared/jobs/jobs";
import { SourceField } from "@/shared/source/SourceField";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Choices } from "@/shared/ui/Choices";
import { Notice } from "@/shared/ui/Notice";
import { FrameField } from "./fields/FrameField";
import { fieldLabel } from "./fields/labels";
import { fitting } from "./needs";
import { LookField } from "./fields/LookField";
import { RemixNote } from "./RemixNote";
import { SchemaField } from "./fields/SchemaField";
import { StickersField } from "./fields/StickersField";
import { Summary } from "./price/Summary";
import css from "./ToolPage.module.css";
import { fieldsOfTool, layoutOf } from "./tools";
import { usePrice } from "./price/usePrice";

interface Props {
  tool: Tool;
  initial: Fields;
  /** Takes the settings back that another job's have replaced. */
  onTakeBack: (() => void) | undefined;
}

/** The form of a tool, beside it the price. */
export function ToolForm({ tool, initial, onTakeBack }: Props) {
  const schema = tool.request_schema as Schema;
  const { fields, set } = useFields(tool.name, () => initial);
  const known = fitting(tool.name, fieldsOfTool(tool), fields);
  const request = requestOf(fields, known);
  const lacking = missing(fields, known);
  const [asked, setAsked] = useState(false);
  const price = usePrice(tool, request, lacking.length === 0);
  const submit = useSubmit(tool.name);
  const [, navigate] = useLocation();

  const refused = explained(submit.error ?? price.error);
  const errors: Record<string, string> = { ...refused?.fields };
  if (asked) for (const name of lacking) errors[name] ??= t("form.required");

  const change = (changes: Fields) => {
    set(changes);
    submit.reset();
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (lacking.length > 0) {
      focusOn(lacking[0]);
      return;
    }
    submit.mutate(request, {
      onSuccess: (job) => {
        if (price.quote) keepPromise(job.job_id, price.quote.estimated_total_s);
        navigate(`/jobs/${job.job_id}`);
      },
    });
  };

  const layout = layoutOf(tool.name, known.map(({ name }) => name));
  const show = (name: string) => (
    <div key={name} data-field={name}>
      <Part name={name} tool={tool} schema={schema} known={known} fields={fields} onFields={change} errors={errors} />
    </div>
  );
  return (
    <form className={css["form"]} onSubmit={send} noValidate>
      <div className={css["fields"]}>
        {onTakeBack ? (
          <Notice
            action={
              <Button small onClick={onTakeBack}>
                {t("form.mine")}
              </Button>
            }
          >
            {t("form.taken")}
          </Notice>
        ) : null}
        {typeof request["remix_of"] === "string" ? (
          <RemixNote pictureId={request["remix_of"]} onDrop={() => change({ remix_of: undefined })} />
        ) : null}
        {layout.main.map(show)}
        {layout.more.length > 0 ? (
          <details className={css["more"]} open={layout.more.some((name) => errors[name]) || undefined}>
            <summary>{t("form.more")}</summary>
            <div className={css["folded"]}>{layout.more.map(show)}</div>
          </details>
        ) : null}
      </div>
      <Summary tool={tool} price={price} busy={submit.isPending} problem={refused && inWords(refused)} onFields={change} />
    </form>
  );
}

/** By how much the API enlarges if a request has neither a factor nor a product. */
const DEFAULT_FACTOR = 2;

interface PartProps {
  name: string;
  tool: Tool;
  schema: Schema;
  known: FieldSchema[];
  fields: Fields;
  onFields: (fields: Fields) => void;
  errors: Record<string, string>;
}

function Part({ name, tool, schema, known, fields, onFields, errors }: PartProps) {
  const field = known.find((one) => one.name === name);
  const value = fields[name];
  switch (name) {
    case "look":
      return <LookField tool={tool} fields={fields} onFields={onFields} errors={errors} />;
    case "frame":
      return <FrameField known={known} fields={fields} onFields={onFields} errors={errors} />;
    case "stickers":
      return <StickersField value={value} onValue={(stickers) => onFields({ stickers })} errors={errors} />;
    case "source":
      return (
        <SourceField
          label={fieldLabel(name, tool.name)}
          value={value}
          onSource={(source) => onFields({ source })}
          isRequired={field?.isRequired ?? false}
          error={errors[name]}
        />
      );
    case "factor":
    case "canvas": {
      // A picture is enlarged by a factor or onto a product: the one that is chosen takes the place of the other.
      const other = name === "factor" ? "canvas" : "factor";
      const shown = name === "factor" && !fields["canvas"] ? (value ?? DEFAULT_FACTOR) : value;
      return field ? <SchemaField tool={tool.name} field={field} root={schema} value={shown} onValue={(next) => onFields({ [name]: next, [other]: undefined })} errors={errors} /> : null;
    }
    case "count":
      return <Count field={field} value={value} error={errors[name]} onValue={(count) => onFields({ count })} />;
    default:
      return field ? <SchemaField tool={tool.name} field={field} root={schema} value={value} onValue={(next) => onFields({ [name]: next })} errors={errors} /> : null;
  }
}

interface CountProps {
  field: FieldSchema | undefined;
  value: unknown;
  error: string | undefined;
  onValue: (count: number) => void;
}

function Count({ field, value, error, onValue }: CountProps) {
  const most = field?.schema.maximum ?? 1;
  return (
    <Choices
      legend={fieldLabel("count")}
      error={error}
      look="numbers"
      value={Number(value ?? field?.otherwise ?? 1)}
      onChoose={onValue}
      choices={Array.from({ length: most }, (_, index) => ({ value: index + 1, label: String(index + 1) }))}
    />
  );
}

/** What is wrong as a whole. What a field says itself is not said twice. */
function inWords({ text, fields }: Explained): string {
  return Object.values(fields).includes(text) ? t("form.check") : text;
}

function explained(error: Error | null): Explained | undefined {
  return error ? explain(error, { paid: true }) : undefined;
}

/** Brings the first control of a field into sight, with the keyboard in it. */
function focusOn(name: string | undefined): void {
  document.querySelector<HTMLElement>(`[data-field="${name}"] :is(input, textarea, select, button)`)?.focus();
}
