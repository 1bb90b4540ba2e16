import { type ComponentType, lazy } from "react";
import { matchRoute, type Parser } from "wouter";
import type { Key } from "@/shared/text/text";

export interface Page {
  path: string;
  page: ComponentType;
  /** Visitors are asked to sign in. */
  signedIn?: boolean;
  /** Only administrators are shown a link. The API decides who may read. */
  admin?: boolean;
  /** The name of its link in the navigation, if it has one. */
  link?: Key;
  /** The path of the link that leads here, if the page has none of its own. */
  under?: string;
}

const page = <N extends string>(load: () => Promise<Record<N, ComponentType>>, name: N) =>
  lazy(async () => ({ default: (await patiently(load))[name] }));

/** What a page needs, also if the connection is lost: then it comes when the connection is back. */
async function patiently<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (navigator.onLine) throw error;
    await new Promise((resolve) => addEventListener("online", resolve, { once: true }));
    return patiently(load);
  }
}

/** Each page is a script of its own. The first that fits a path is shown. */
export const PAGES: readonly Page[] = [
  { path: "/", page: page(() => import("@/features/make/MakePage"), "MakePage"), link: "nav.make" },
  { path: "/make/:tool", page: page(() => import("@/features/make/ToolPage"), "ToolPage"), signedIn: true, under: "/" },
  { path: "/jobs", page: page(() => import("@/features/jobs/JobsPage"), "JobsPage"), signedIn: true, link: "nav.jobs" },
  { path: "/jobs/:jobId", page: page(() => import("@/features/job/JobPage"), "JobPage"), signedIn: true, under: "/jobs" },
  { path: "/gallery", page: page(() => import("@/features/gallery/lists/GalleryPage"), "GalleryPage"), link: "nav.gallery" },
  { path: "/gallery/:pictureId", page: page(() => import("@/features/gallery/picture/PicturePage"), "PicturePage"), under: "/gallery" },
  { path: "/search", page: page(() => import("@/features/gallery/lists/SearchPage"), "SearchPage"), under: "/gallery" },
  { path: "/published", page: page(() => import("@/features/gallery/maker/PublishedPage"), "PublishedPage"), signedIn: true, under: "/gallery" },
  { path: "/makers/:author", page: page(() => import("@/features/gallery/maker/MakerPage"), "MakerPage"), under: "/gallery" },
  { path: "/credits", page: page(() => import("@/features/credits/CreditsPage"), "CreditsPage"), signedIn: true, link: "nav.credits" },
  { path: "/admin", page: page(() => import("@/features/admin/reviews/ReviewsPage"), "ReviewsPage"), signedIn: true, admin: true, link: "nav.admin" },
  { path: "/admin/accounts", page: page(() => import("@/features/admin/account/AccountsPage"), "AccountsPage"), signedIn: true, admin: true, under: "/admin" },
  { path: "/admin/accounts/:maker", page: page(() => import("@/features/admin/account/AccountPage"), "AccountPage"), signedIn: true, admin: true, under: "/admin" },
  { path: "/admin/audit", page: page(() => import("@/features/admin/AuditPage"), "AuditPage"), signedIn: true, admin: true, under: "/admin" },
  { path: "/signed-in", page: page(() => import("@/features/session/SignedInPage"), "SignedInPage") },
  { path: "*", page: page(() => import("@/features/session/MissingPage"), "MissingPage") },
];

/** Paths that people type or shorten, and the page that each leads to. */
export const LEADS: Readonly<Record<string, string>> = {
  "/index.html": "/",
  "/make": "/",
  "/tools": "/",
  "/job": "/jobs",
  "/job/:jobId": "/jobs/:jobId",
  "/picture": "/gallery",
  "/pictures": "/gallery",
  "/picture/:pictureId": "/gallery/:pictureId",
  "/maker": "/gallery",
  "/makers": "/gallery",
  "/maker/:author": "/makers/:author",
  "/account": "/credits",
  "/admin/reports": "/admin",
  "/admin/account": "/admin/accounts",
  "/admin/account/:maker": "/admin/accounts/:maker",
};

/** The path of a page with these values in it. */
export function pathTo(pattern: string, values: Readonly<Record<string, string | undefined>>): string {
  return pattern.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

/** The page that a path shows. */
export function pageAt(path: string, parser: Parser): Page | undefined {
  return PAGES.find((one) => matchRoute(parser, one.path, path)[0]);
}
