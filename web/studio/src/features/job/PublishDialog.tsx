import { type FormEvent, useId } from "react";
import { useLocation } from "wouter";
import { type Job, type Publication, usePublish } from "@/shared/api/jobs";
import { explain } from "@/shared/api/problems";
import { useWords } from "@/shared/form/fields";
import { jobTitle } from "@/shared/jobs/jobs";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Choices } from "@/shared/ui/Choices";
import { Dialog } from "@/shared/ui/Dialog";
import { Check, TextField } from "@/shared/ui/Field";
import { Picture } from "@/shared/ui/Picture";
import { say } from "@/shared/ui/Toasts";
import css from "./PublishDialog.module.css";

interface Props {
  job: Job;
  index: number;
  open: boolean;
  onClose: () => void;
}

const MOST_TAGS = 5;
/** Fields that say themselves why they were refused. */
const SHOWN = ["title", "tags", "licence"] as const;

/** Publishes an image, for everybody: its title, its tags, its licence and whether the words are shown. */
export function PublishDialog({ job, index, open, onClose }: Props) {
  const id = useId();
  const hasWords = job.request["share_prompt"] === true;
  const { fields, set, forget } = useWords(`publish/${job.job_id}/${index}`, {
    title: jobTitle(job).slice(0, 80),
    tags: "",
    licence: "cc-by-4.0" as Publication["licence"],
    share_words: hasWords,
  });
  const publish = usePublish();
  const [, navigate] = useLocation();
  const problem = publish.error ? explain(publish.error) : undefined;
  const errors: Record<string, string | undefined> = { ...problem?.fields, tags: tagProblem(problem?.fields) };
  const image = job.images[index];
  const send = (event: FormEvent) => {
    event.preventDefault();
    publish.mutate(
      { jobId: job.job_id, index, publication: publicationOf(fields) },
      {
        onSuccess: (picture) => {
          onClose();
          forget();
          say(t("publish.done"));
          navigate(`/gallery/${picture.picture_id}`);
        },
      },
    );
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("publish.title")}
      actions={
        <>
          <Button onClick={onClose}>{t("dialog.cancel")}</Button>
          <Button type="submit" form={id} look="primary" busy={publish.isPending}>
            {t("publish.send")}
          </Button>
        </>
      }
    >
      <form id={id} className={css["form"]} onSubmit={send}>
        <div className={css["head"]}>
          <span className={css["thumb"]}>
            <Picture src={image?.thumbnail_url} alt="" checks />
          </span>
          <p>{t("publish.text")}</p>
        </div>
        <TextField
          label={t("publish.name")}
          required
          maxLength={80}
          value={fields.title}
          error={errors["title"]}
          onChange={(event) => set({ title: event.target.value })}
        />
        <TextField
          label={t("publish.tags")}
          hint={t("publish.tags.hint", { count: MOST_TAGS })}
          value={fields.tags}
          error={errors["tags"]}
          onChange={(event) => set({ tags: event.target.value })}
        />
        <Choices
          legend={t("publish.licence")}
          error={errors["licence"]}
          value={fields.licence}
          onChoose={(licence) => set({ licence })}
          choices={(["cc-by-4.0", "cc0-1.0", "personal"] as const).map((value) => ({ value, label: t(`licence.${value}`) }))}
        />
        <p className={css["hint"]}>{t(`licence.${fields.licence}.text`)}</p>
        <Check
          label={t("publish.words")}
          hint={hasWords ? t("publish.words.must") : undefined}
          checked={fields.share_words}
          disabled={hasWords}
          onChange={(event) => set({ share_words: event.target.checked })}
        />
        {problem ? (
          <p role="alert" className={css["problem"]}>
            {SHOWN.some((name) => errors[name]) ? t("form.check") : problem.text}
          </p>
        ) : null}
      </form>
    </Dialog>
  );
}

/** What is entered, with the tags as a list. */
function publicationOf({ title, tags, licence, share_words }: Required<Omit<Publication, "tags">> & { tags: string }): Publication {
  const names = tags.split(",").map((tag) => tag.trim());
  return { title: title.trim(), tags: names.filter(Boolean), licence, share_words };
}

function tagProblem(fields: Record<string, string> | undefined): string | undefined {
  return Object.entries(fields ?? {}).find(([name]) => name.startsWith("tags"))?.[1];
}
