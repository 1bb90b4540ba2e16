import { type FormEvent, type ReactNode, useId } from "react";
import css from "./FormCard.module.css";

interface Props {
  title: string;
  /** Called when the form is sent and its fields are as they must be. */
  onSubmit: () => void;
  children: ReactNode;
}

/** A form of its own for each change, so that none is made by accident. */
export function FormCard({ title, onSubmit, children }: Props) {
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form className={css["card"]} aria-labelledby={id} onSubmit={submit}>
      <h2 id={id} className={css["title"]}>
        {title}
      </h2>
      {children}
    </form>
  );
}
