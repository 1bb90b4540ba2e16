import { Refused } from "@client/index";
import { expect, test } from "vitest";
import { explain } from "./problems";

const fault = new Refused(500, { title: "Internal Server Error", status: 500 });
const words = (refused: string[]) =>
  new Refused(422, { type: "/problems/PromptRefused", title: "The text is not allowed", status: 422, words: refused });

test("credits are spoken of only where they are at stake", () => {
  expect(explain(fault).text).toBe("The service has a fault just now. Please try again in a moment.");
  expect(explain(fault, { paid: true }).text).toContain("pay once");
  expect(explain(words(["gun"])).text).toBe("Some of these words are not allowed: gun. Please change them.");
  expect(explain(words(["gun"]), { paid: true }).text).toContain("Nothing was charged.");
});

test("words that are refused are named if they are known", () => {
  expect(explain(words([])).text).toBe("These words are not allowed. Please change them.");
});

test("what a field says is the same as what the problem says as a whole", () => {
  const detail = "500 cm is outside the range of 1 to 150 cm";
  const { text, fields } = explain(new Refused(422, { type: "/problems/InvalidInput", title: "", status: 422, detail, field: "sheet.width" }));

  expect(fields["sheet.width"]).toBe("From 1 to 150 cm.");
  expect(text).toBe(fields["sheet.width"]);
});
