import { expect, test } from "vitest";
import { claimsOf, isAdmin } from "./claims";
import { apiRoot, checked } from "./config";

const CONFIG = { oidc: { authority: "https://id.example", client_id: "studio", scope: "openid" }, api: "/v1" };

test("a configuration that lacks a field says which", () => {
  expect(checked(CONFIG)).toEqual(CONFIG);
  expect(() => checked({ ...CONFIG, oidc: { ...CONFIG.oidc, client_id: "" } })).toThrow("client_id");
  expect(() => checked(null)).toThrow("authority");
});

test("the API is on this origin or elsewhere", () => {
  expect(apiRoot("/v1", "https://studio.example")).toBe("https://studio.example");
  expect(apiRoot("https://api.example/dev/v1/", "https://studio.example")).toBe("https://api.example/dev");
});

test("administrators have a scope of their own", () => {
  const token = (claims: object) => `x.${btoa(JSON.stringify(claims))}.x`;
  expect(isAdmin(claimsOf(token({ scope: "openid craftspark/admin" })))).toBe(true);
  expect(isAdmin(claimsOf(token({ scope: "openid administrator" })))).toBe(false);
  expect(isAdmin(claimsOf("opaque"), ["craftspark/admin"])).toBe(true);
  expect(claimsOf("not.json.x")).toEqual({});
});
