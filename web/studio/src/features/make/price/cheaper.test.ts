import { expect, test } from "vitest";
import { cheaperText } from "./cheaper";

test.each([
  [{ price: 2, changes: { count: 2 } }, "2 credits for 2 pictures"],
  [{ price: 1, changes: { count: 1 } }, "1 credit for 1 picture"],
  [{ price: 4, changes: { steps: 20 } }, "4 credits with 20 steps"],
  [{ price: 2, changes: { count: 2, steps: 20 } }, "2 credits for 2 pictures with 20 steps"],
  [{ price: 2, changes: { factor: 2 } }, "2 credits with “Enlarge: 2 times”"],
])("a cheaper variant is a sentence: %j", (cheaper, sentence) => expect(cheaperText(cheaper)).toBe(sentence));
