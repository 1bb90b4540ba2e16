import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import css from "./SearchForm.module.css";
import { type Asked, LONGEST_WORDS, searchPath } from "./place";

const NOTHING: Asked = { words: "" };

/** Asks for words and goes to the page of what they find. */
export function SearchForm({ asked = NOTHING }: { asked?: Asked }) {
  const [text, setText] = useState(asked.words);
  const [, navigate] = useLocation();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const next = text.trim();
    if (next || asked.like) navigate(searchPath({ ...asked, words: next }));
  };
  return (
    <form role="search" className={css["form"]} onSubmit={submit}>
      <input
        type="search"
        className={css["words"]}
        aria-label={t("search.words")}
        placeholder={t("search.example")}
        maxLength={LONGEST_WORDS}
        enterKeyHint="search"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" look="primary">
        {t("search.go")}
      </Button>
    </form>
  );
}
