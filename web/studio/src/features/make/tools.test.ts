import { expect, test } from "vitest";
import { fieldsOfTool, layoutOf } from "./tools";

test("what is not in sight is folded away, and nothing is twice", () => {
  const fields = ["prompt", "style", "preset", "count", "seed", "lane", "size"];
  expect(layoutOf("picture", fields)).toEqual({ main: ["prompt", "look", "count", "size"], more: ["seed"] });
});

test("a field has no control if there is no choice, and sizes are those of the model", () => {
  const request_schema = { properties: { count: { type: "integer", maximum: 1 }, size: { type: "string" }, seed: { type: "integer" } } };
  expect(fieldsOfTool({ request_schema, sizes: ["128x128"] }).map(({ name }) => name)).toEqual(["seed"]);
  const [size] = fieldsOfTool({ request_schema, sizes: ["768x768", "1024x1024"] });
  expect([size?.name, size?.kind, size?.schema.enum]).toEqual(["size", "choice", ["768x768", "1024x1024"]]);
});

test("a tool that Studio does not know has its words and source in sight", () => {
  expect(layoutOf("weaving", ["source", "warp"])).toEqual({ main: ["source"], more: ["warp"] });
});
