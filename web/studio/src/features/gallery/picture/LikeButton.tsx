import { useLike, useSetLike } from "@/shared/api/likes";
import { signIn, useSession } from "@/shared/session/session";
import { counted, number } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { sayProblem } from "@/shared/ui/Toasts";
import css from "./LikeButton.module.css";
import { Heart } from "../lists/Heart";

/** Likes a picture, or takes the like back. Visitors are asked to sign in. */
export function LikeButton({ pictureId, likes }: { pictureId: string; likes: number }) {
  const isSignedIn = useSession().status === "signed-in";
  const like = useLike(pictureId, isSignedIn);
  const set = useSetLike(pictureId);
  const liked = like.data?.liked ?? false;
  const count = like.data?.likes ?? likes;
  const press = () => {
    if (isSignedIn) set.mutate({ liked: !liked, shown: likes }, { onError: sayProblem });
    else void signIn();
  };
  return (
    <Button className={css["like"]} aria-pressed={liked} aria-label={counted("picture.likes", count)} onClick={press}>
      <Heart full={liked} />
      <span className={css["count"]}>{number(count)}</span>
    </Button>
  );
}
