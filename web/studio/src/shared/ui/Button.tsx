import type { ComponentProps, MouseEvent } from "react";
import { Link } from "wouter";
import css from "./Button.module.css";
import { cx } from "./cx";

type Look = "primary" | "plain" | "quiet" | "danger";

interface Own {
  look?: Look;
  small?: boolean;
}

/** A button that does nothing while it is `disabled` or `busy`. It keeps the focus, and so its place on the page. */
export function Button({
  look = "plain",
  small = false,
  busy = false,
  className,
  children,
  disabled = false,
  onClick,
  ...rest
}: ComponentProps<"button"> & Own & { busy?: boolean }) {
  const off = disabled || busy;
  return (
    <button
      type="button"
      {...rest}
      className={cx(css["button"], css[look], small && css["small"], busy && css["busy"], className)}
      onClick={off ? refuse : onClick}
      aria-disabled={off}
      aria-busy={busy}
    >
      {children}
    </button>
  );
}

/** Without its click, a button sends no form, also if a maker presses Enter in a field. */
function refuse(event: MouseEvent) {
  event.preventDefault();
}

/** A link to a page of Studio that looks like a button. */
export function ButtonLink({ look = "plain", small = false, className, href, children }: Own & { href: string; className?: string | undefined; children: React.ReactNode }) {
  return (
    <Link href={href} className={cx(css["button"], css[look], small && css["small"], className)}>
      {children}
    </Link>
  );
}

/** A link to a file, with the same looks. */
export function FileLink({ look = "plain", small = false, className, children, ...rest }: ComponentProps<"a"> & Own) {
  return (
    <a {...rest} className={cx(css["button"], css[look], small && css["small"], className)}>
      {children}
    </a>
  );
}
