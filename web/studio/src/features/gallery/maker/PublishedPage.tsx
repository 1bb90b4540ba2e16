import { useState } from "react";
import { Link } from "wouter";
import { type OwnPicture, useOwnPictures, useUnpublish } from "@/shared/api/published";
import { date, t } from "@/shared/text/text";
import { Button, ButtonLink } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { More } from "@/shared/ui/More";
import { Empty, Failed } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { Picture } from "@/shared/ui/Picture";
import { sayProblem, say } from "@/shared/ui/Toasts";
import { Appeal } from "./Appeal";
import { ProfileForm } from "./ProfileForm";
import css from "./PublishedPage.module.css";

/** What the maker has published, what was taken down and why, and the name that everybody sees. */
export function PublishedPage() {
  const pages = useOwnPictures();
  const pictures = pages.data?.pages.flatMap((page) => page.pictures) ?? [];
  return (
    <Page title={t("published.title")} lead={t("published.lead")} aside={<ButtonLink href="/gallery">{t("gallery.go")}</ButtonLink>}>
      <ProfileForm />
      {pages.error ? <Failed error={pages.error} again={() => void pages.refetch()} /> : null}
      {pages.isSuccess && pictures.length === 0 ? (
        <Empty title={t("published.none")} action={<ButtonLink href="/jobs">{t("published.none.jobs")}</ButtonLink>}>
          {t("published.none.text")}
        </Empty>
      ) : null}
      <ul className={css["list"]} aria-busy={pages.isPending}>
        {pictures.map((picture) => (
          <Row key={picture.picture_id} picture={picture} />
        ))}
      </ul>
      <More pages={pages} className={css["more"]} />
    </Page>
  );
}

function Row({ picture }: { picture: OwnPicture }) {
  const isPublic = picture.state === "public";
  return (
    <li className={css["row"]}>
      <span className={css["thumbnail"]}>
        <Picture src={picture.thumbnail_url} alt="" fill checks={picture.alpha} />
      </span>
      <div className={css["facts"]}>
        <h2 className={css["name"]}>
          {isPublic ? <Link href={`/gallery/${picture.picture_id}`}>{picture.title}</Link> : picture.title}
        </h2>
        <p className={css["when"]}>{t("published.since", { date: date(picture.published_at, "long") })}</p>
        {isPublic ? null : <Appeal picture={picture} />}
      </div>
      {picture.state === "taken_down" ? null : <Unpublish picture={picture} />}
    </li>
  );
}

function Unpublish({ picture }: { picture: OwnPicture }) {
  const [isAsked, ask] = useState(false);
  const unpublish = useUnpublish();
  const go = () =>
    unpublish.mutate(picture.picture_id, {
      onSuccess: () => say(t("published.gone", { title: picture.title })),
      onError: sayProblem,
      onSettled: () => ask(false),
    });
  return (
    <>
      <Button small onClick={() => ask(true)} aria-label={t("published.unpublish.of", { title: picture.title })}>
        {t("published.unpublish")}
      </Button>
      <Dialog
        open={isAsked}
        onClose={() => ask(false)}
        title={t("published.unpublish.title", { title: picture.title })}
        actions={
          <>
            <Button onClick={() => ask(false)}>{t("dialog.cancel")}</Button>
            <Button look="danger" busy={unpublish.isPending} onClick={go}>
              {t("published.unpublish")}
            </Button>
          </>
        }
      >
        <p>{t("published.unpublish.text")}</p>
      </Dialog>
    </>
  );
}
