/** What a token says. Nothing here is trusted: the API checks the token, and the page only chooses what to show. */
export type Claims = Record<string, unknown>;

/** The claims of a JSON web token; none for tokens of another format. */
export function claimsOf(token: string): Claims {
  try {
    const body = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(body), (character) => character.codePointAt(0) ?? 0);
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? (claims as Claims) : {};
  } catch {
    return {};
  }
}

/** Whether the token has the scope of administrators, whose name ends with `/admin`. */
export function isAdmin(claims: Claims, granted: readonly string[] = []): boolean {
  const scopes = typeof claims["scope"] === "string" ? claims["scope"].split(" ") : [];
  return [...scopes, ...granted].some((scope) => scope.endsWith("/admin"));
}
