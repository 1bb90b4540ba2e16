import { useReviews } from "@/shared/api/moderation";
import { t } from "@/shared/text/text";
import { More } from "@/shared/ui/More";
import { Empty, Failed } from "@/shared/ui/Notice";
import { Admins } from "../Admins";
import { ReviewCard } from "./ReviewCard";
import css from "./ReviewsPage.module.css";

/** Reported pictures and appeals, the most urgent first. */
export function ReviewsPage() {
  return (
    <Admins title={t("admin.reports")} lead={t("admin.reports.lead")}>
      <Queue />
    </Admins>
  );
}

function Queue() {
  const pages = useReviews();
  const reviews = pages.data?.pages.flatMap((page) => page.reviews) ?? [];
  if (pages.isSuccess && reviews.length === 0 && !pages.hasNextPage) {
    return <Empty title={t("admin.reports.none")}>{t("admin.reports.none.text")}</Empty>;
  }
  return (
    <>
      {pages.error ? <Failed error={pages.error} again={() => void pages.refetch()} /> : null}
      <ol className={css["queue"]} aria-busy={pages.isPending}>
        {reviews.map((review) => (
          <li key={review.picture.picture_id}>
            <ReviewCard review={review} />
          </li>
        ))}
      </ol>
      <More pages={pages} className={css["more"]} />
    </>
  );
}
