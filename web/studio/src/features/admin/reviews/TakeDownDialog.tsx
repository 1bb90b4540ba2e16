import { type FormEvent, useId } from "react";
import { type Decision, REASONS, type Reason } from "@/shared/api/moderation";
import { useWords } from "@/shared/form/fields";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Choices } from "@/shared/ui/Choices";
import { Dialog } from "@/shared/ui/Dialog";
import { TextArea } from "@/shared/ui/Field";
import css from "./TakeDownDialog.module.css";

const LONGEST = 1000;

interface Props {
  pictureId: string;
  title: string;
  /** The most frequent reason of its reports. */
  reported: Reason | undefined;
  open: boolean;
  onClose: () => void;
  busy: boolean;
  /** Why the picture could not be taken down. */
  problem: string | undefined;
  /** `onDone` is to be called once it is down. */
  onDecide: (decision: Decision, onDone: () => void) => void;
}

/** Takes a picture down for a reason that its maker reads. */
export function TakeDownDialog({ pictureId, title, reported, open, onClose, busy, problem, onDecide }: Props) {
  const form = useId();
  const { fields, set, forget } = useWords(`takedown/${pictureId}`, { reason: reported ?? ("copyright" as Reason), words: "" });
  const { reason, words } = fields;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDecide({ kind: "take-down", reason, words: words.trim() }, forget);
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("admin.takedown.title", { title })}
      actions={
        <>
          <Button onClick={onClose}>{t("dialog.cancel")}</Button>
          <Button type="submit" form={form} look="danger" busy={busy}>
            {t("admin.takedown")}
          </Button>
        </>
      }
    >
      <form id={form} className={css["form"]} onSubmit={submit}>
        <p>{t("admin.takedown.text")}</p>
        <Choices
          legend={t("admin.takedown.reason")}
          value={reason}
          onChoose={(next) => set({ reason: next })}
          choices={REASONS.map((value) => ({ value, label: t(`reason.${value}`) }))}
        />
        <TextArea
          label={t("admin.takedown.words")}
          hint={t("admin.takedown.words.hint")}
          maxLength={LONGEST}
          value={words}
          onChange={(event) => set({ words: event.target.value })}
        />
        {problem ? (
          <p role="alert" className={css["problem"]}>
            {problem}
          </p>
        ) : null}
      </form>
    </Dialog>
  );
}
