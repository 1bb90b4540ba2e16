import { type ReactNode, useId } from "react";
import css from "./Choices.module.css";
import { cx } from "./cx";

export interface Choice<V extends string | number> {
  value: V;
  label: ReactNode;
  /** A picture above the label. */
  picture?: ReactNode;
}

interface Props<V extends string | number> {
  legend: ReactNode;
  /** Short help under the choices. */
  hint?: ReactNode;
  /** Why the value was refused. */
  error?: string | undefined;
  /** The legend is for screen readers only. */
  quiet?: boolean;
  choices: readonly Choice<V>[];
  value: V;
  onChoose: (value: V) => void;
  look?: "chips" | "pictures" | "numbers";
}

/** One of several values, all in sight: radio buttons as chips or as pictures. */
export function Choices<V extends string | number>({ legend, hint, error, quiet = false, choices, value, onChoose, look = "chips" }: Props<V>) {
  const name = useId();
  const described = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ");
  return (
    <fieldset className={css["group"]} aria-describedby={described || undefined}>
      <legend className={cx(css["legend"], quiet && "unseen")}>{legend}</legend>
      <div className={cx(css[look === "numbers" ? "chips" : look], look === "numbers" && css["numbers"])}>
        {choices.map((choice) => (
          <label key={choice.value} className={css["choice"]}>
            <input
              type="radio"
              name={name}
              className="unseen"
              checked={choice.value === value}
              onChange={() => onChoose(choice.value)}
            />
            {choice.picture}
            <span>{choice.label}</span>
          </label>
        ))}
      </div>
      {hint ? (
        <p id={`${name}-hint`} className={css["hint"]}>
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={`${name}-error`} className={css["error"]}>
          {error}
        </p>
      ) : null}
    </fieldset>
  );
}
