import { Link } from "wouter";
import { type Decision, type Review, useDecide } from "@/shared/api/moderation";
import { explain } from "@/shared/api/problems";
import { useOpen } from "@/shared/form/fields";
import { date, number, t } from "@/shared/text/text";
import { toolTitle } from "@/shared/tools/tools";
import { Button } from "@/shared/ui/Button";
import { Picture } from "@/shared/ui/Picture";
import { say, sayProblem } from "@/shared/ui/Toasts";
import css from "./ReviewCard.module.css";
import { reasonsOf } from "./reasons";
import { TakeDownDialog } from "./TakeDownDialog";

/** A picture that waits for a decision, with all that is said about it. */
export function ReviewCard({ review }: { review: Review }) {
  const { picture, statements } = review;
  const reasons = reasonsOf(review.reports);
  const { takedown, appeal } = picture;
  const isPublic = picture.state === "public";
  return (
    <article className={css["card"]} aria-labelledby={picture.picture_id}>
      <span className={css["picture"]}>
        <Picture src={picture.url} alt={picture.title} width={picture.width} height={picture.height} checks={picture.alpha} />
      </span>
      <div className={css["facts"]}>
        <h2 id={picture.picture_id} className={css["title"]}>
          {isPublic ? <Link href={`/gallery/${picture.picture_id}`}>{picture.title}</Link> : picture.title}
        </h2>
        <p className={css["from"]}>
          <span className={css["state"]} data-state={picture.state}>
            {t(`admin.state.${picture.state}`)}
          </span>
          <Link href={`/admin/accounts/${encodeURIComponent(picture.maker)}`}>{t("admin.review.maker")}</Link>
          <span>{toolTitle(picture.tool)}</span>
          <time dateTime={picture.published_at}>{date(picture.published_at, "long")}</time>
        </p>
        {typeof picture.words?.["prompt"] === "string" ? <p>{t("admin.review.words", { words: picture.words["prompt"] })}</p> : null}
        {reasons.length > 0 ? (
          <ul className={css["reasons"]} aria-label={t("admin.review.reasons")}>
            {reasons.map(({ reason, count }) => (
              <li key={reason} className={css["reason"]}>
                {t(`reason.${reason}`)} <strong>{number(count)}</strong>
              </li>
            ))}
          </ul>
        ) : null}
        {statements
          .filter(({ words }) => words)
          .map((statement) => (
            <blockquote key={statement.reported_at + statement.reason} className={css["said"]}>
              {statement.words}
              <footer>
                {t(`reason.${statement.reason}`)} · {date(statement.reported_at, "long")}
              </footer>
            </blockquote>
          ))}
        {takedown ? (
          <p className={css["taken"]}>
            {t("admin.review.taken", { reason: t(`reason.${takedown.reason}`), date: date(takedown.taken_down_at, "long") })}
            {takedown.words ? ` “${takedown.words}”` : null}
          </p>
        ) : null}
        {appeal ? (
          <blockquote className={css["said"]}>
            {appeal.words}
            <footer>{t("admin.review.appeal", { date: date(appeal.appealed_at, "long") })}</footer>
          </blockquote>
        ) : null}
        <Decisions review={review} />
      </div>
    </article>
  );
}

function Decisions({ review: { picture, reports } }: { review: Review }) {
  const [isOpen, open] = useOpen(`takedown/${picture.picture_id}`);
  const decide = useDecide(picture.picture_id);
  const go = (decision: Decision, onDone?: () => void) =>
    decide.mutate(decision, {
      onSuccess: () => {
        open(false);
        onDone?.();
        say(t(`admin.decided.${decision.kind}`, { title: picture.title }));
      },
      onError: (error) => {
        if (decision.kind !== "take-down") sayProblem(error);
      },
    });
  const isDown = picture.state === "taken_down";
  return (
    <div className={css["decisions"]}>
      {isDown ? (
        <Button busy={decide.isPending} onClick={() => go({ kind: "restore" })}>
          {t("admin.restore")}
        </Button>
      ) : (
        <Button look="danger" disabled={decide.isPending} onClick={() => open(true)}>
          {t("admin.takedown")}
        </Button>
      )}
      <Button disabled={decide.isPending} onClick={() => go({ kind: "dismiss" })}>
        {t(isDown ? "admin.dismiss.appeal" : "admin.dismiss")}
      </Button>
      <TakeDownDialog
        pictureId={picture.picture_id}
        title={picture.title}
        reported={reasonsOf(reports)[0]?.reason}
        open={isOpen}
        onClose={() => open(false)}
        busy={decide.isPending}
        problem={decide.error ? explain(decide.error).text : undefined}
        onDecide={go}
      />
    </div>
  );
}
