import { type ComponentProps, type ReactNode, useId } from "react";
import css from "./Field.module.css";
import { cx } from "./cx";

interface Labels {
  label: ReactNode;
  /** Short help under the label. */
  hint?: ReactNode;
  /** Why the value was refused. */
  error?: string | undefined;
}

interface Wired {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean;
}

/** A label, its control, and what is wrong with the value. */
export function Field({ label, hint, error, className, children }: Labels & { className?: string | undefined; children: (wired: Wired) => ReactNode }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={cx(css["field"], className)}>
      <label htmlFor={id} className={css["label"]}>
        {label}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": Boolean(error) })}
      {hint ? (
        <p id={`${id}-hint`} className={css["hint"]}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={`${id}-error`} className={css["error"]}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

export function TextField({ label, hint, error, className, ...rest }: Labels & ComponentProps<"input">) {
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wired) => <input type="text" {...rest} {...wired} className={css["control"]} />}
    </Field>
  );
}

export function TextArea({ label, hint, error, className, ...rest }: Labels & ComponentProps<"textarea">) {
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wired) => <textarea rows={2} {...rest} {...wired} className={cx(css["control"], css["area"])} />}
    </Field>
  );
}

interface NumberProps extends Labels, Omit<ComponentProps<"input">, "value" | "onChange"> {
  value: number | undefined;
  /** `undefined` for an empty field. */
  onValue: (value: number | undefined) => void;
  unit?: string;
}

export function NumberField({ label, hint, error, className, value, onValue, unit, ...rest }: NumberProps) {
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wired) => (
        <span className={css["measure"]}>
          <input
            type="number"
            inputMode="decimal"
            {...rest}
            {...wired}
            className={css["control"]}
            value={value ?? ""}
            onChange={(event) => onValue(event.target.value === "" ? undefined : event.target.valueAsNumber)}
          />
          {unit ? <span className={css["unit"]}>{unit}</span> : null}
        </span>
      )}
    </Field>
  );
}

export function SelectField({ label, hint, error, className, children, ...rest }: Labels & ComponentProps<"select">) {
  return (
    <Field label={label} hint={hint} error={error} className={className}>
      {(wired) => (
        <select {...rest} {...wired} className={cx(css["control"], css["select"])}>
          {children}
        </select>
      )}
    </Field>
  );
}

/** A slider that says its value. */
export function RangeField({ label, error, hint, className, shown, ...rest }: Labels & ComponentProps<"input"> & { shown: string }) {
  return (
    <Field
      label={
        <span className={css["split"]}>
          {label}
          <output className={css["shown"]}>{shown}</output>
        </span>
      }
      hint={hint}
      error={error}
      className={className}
    >
      {(wired) => <input type="range" {...rest} {...wired} aria-valuetext={shown} className={css["range"]} />}
    </Field>
  );
}

export function Check({ label, hint, className, ...rest }: Omit<Labels, "error"> & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className={cx(css["check"], className)}>
      <input type="checkbox" id={id} {...rest} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label htmlFor={id}>{label}</label>
      {hint ? (
        <p id={`${id}-hint`} className={css["hint"]}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}
