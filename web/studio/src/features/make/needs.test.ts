import { expect, test } from "vitest";
import { requestOf } from "@/shared/form/fields";
import { fieldsOf } from "@/shared/form/schema";
import { fitting } from "./needs";

const KNOWN = fieldsOf({
  properties: {
    way: { enum: ["tossed", "painted"], default: "tossed" },
    repeat: { enum: ["straight", "brick", "mirror"], default: "straight" },
    also: { type: "array", default: [] },
  },
});

test("what goes only with another way is neither shown nor sent", () => {
  const fields = { way: "painted", repeat: "mirror", also: ["bee"] };
  const painted = fitting("pattern", KNOWN, fields);
  expect(painted.map(({ name }) => name)).toEqual(["way", "repeat"]);
  expect(requestOf(fields, painted)).toEqual({ way: "painted", repeat: "mirror" });

  const tossed = fitting("pattern", KNOWN, { ...fields, way: undefined });
  expect(tossed.find(({ name }) => name === "repeat")?.schema.enum).toEqual(["straight", "brick"]);
  expect(requestOf({ ...fields, way: undefined }, tossed)).toEqual({ also: ["bee"] });
});

test("fields of other tools stay as they are", () => {
  expect(fitting("weaving", KNOWN, {})).toEqual(KNOWN);
});
