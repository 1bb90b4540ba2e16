import type { FormEvent } from "react";
import { explain } from "@/shared/api/problems";
import { type OwnPicture, useAppeal } from "@/shared/api/published";
import { useOpen, useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { TextArea } from "@/shared/ui/Field";
import { say } from "@/shared/ui/Toasts";
import css from "./Appeal.module.css";

const LONGEST = 1000;

/** Why a picture was taken down, and the maker's answer to it: one for each takedown. */
export function Appeal({ picture }: { picture: OwnPicture }) {
  const { takedown, appeal } = picture;
  if (picture.state === "suspended") return <p className={css["taken"]}>{t("published.suspended")}</p>;
  if (!takedown) return null;
  return (
    <div className={css["taken"]}>
      <p>
        <strong>{t("published.taken")}</strong> {t(`reason.${takedown.reason}`)}
        {takedown.words ? `: ${takedown.words}` : null}
      </p>
      {appeal ? (
        <p>{t(appeal.dismissed_at ? "published.appeal.dismissed" : "published.appealed")}</p>
      ) : (
        <AppealForm pictureId={picture.picture_id} />
      )}
    </div>
  );
}

function AppealForm({ pictureId }: { pictureId: string }) {
  const place = `appeal/${pictureId}`;
  const [isOpen, open] = useOpen(place);
  const { fields, set, forget } = useWords(place, { words: "" });
  const appeal = useAppeal(pictureId);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    appeal.mutate(fields.words.trim(), {
      onSuccess: () => {
        say(t("published.appeal.done"));
        forget();
      },
    });
  };
  if (!isOpen) {
    return (
      <Button small onClick={() => open(true)}>
        {t("published.appeal")}
      </Button>
    );
  }
  return (
    <form className={css["form"]} onSubmit={submit}>
      <TextArea
        label={t("published.appeal.words")}
        hint={t("published.appeal.hint")}
        error={appeal.error ? explain(appeal.error).text : undefined}
        required
        maxLength={LONGEST}
        value={fields.words}
        onChange={(event) => {
          set({ words: event.target.value });
          appeal.reset();
        }}
      />
      <Button type="submit" small look="primary" busy={appeal.isPending}>
        {t("published.appeal.go")}
      </Button>
    </form>
  );
}
