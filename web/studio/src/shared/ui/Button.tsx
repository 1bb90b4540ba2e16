import type { ComponentProps } from "react";
import { Link } from "wouter";
import css from "./Button.module.css";
import { cx } from "./cx";

type Look = "primary" | "plain" | "quiet" | "danger";

interface Own {
  look?: Look;
  small?: boolean;
}

export function Button({
  look = "plain",
  small = false,
  busy = false,
  className,
  children,
  disabled,
  ...rest
}: ComponentProps<"button"> & Own & { busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      className={cx(css["button"], css[look], small && css["small"], busy && css["busy"], className)}
      disabled={disabled === true || busy}
      aria-busy={busy}
    >
      {children}
    </button>
  );
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
