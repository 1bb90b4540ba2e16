import type { FormEvent } from "react";
import { useLocation } from "wouter";
import { useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import css from "./SearchForm.module.css";
import { type Asked, LONGEST_WORDS, searchPath } from "./place";

const NOTHING: Asked = { words: "" };

/** Asks for words and goes to the page of what they find. */
export function SearchForm({ asked = NOTHING }: { asked?: Asked }) {
  const { fields, set, forget } = useWords(`search/${asked.words}`, { words: asked.words });
  const [, navigate] = useLocation();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const words = fields.words.trim();
    if (!words && !asked.like) return;
    forget({ words });
    navigate(searchPath({ ...asked, words }));
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
        value={fields.words}
        onChange={(event) => set({ words: event.target.value })}
      />
      <Button type="submit" look="primary">
        {t("search.go")}
      </Button>
    </form>
  );
}
