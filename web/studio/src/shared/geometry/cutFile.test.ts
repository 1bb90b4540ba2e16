import { expect, test } from "vitest";
import { lineColour, readCutFile } from "./cutFile";

const layer = (id: string, label: string, colour: string, path: string) =>
  `<g id="${id}" inkscape:groupmode="layer" inkscape:label="${label}">\n<title>${label}</title>\n<path fill="${colour}" fill-rule="evenodd" d="${path}"/>\n</g>\n`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="114.1309mm" height="103.8015mm" viewBox="0 0 323.5206 294.2406">
<metadata>AAAM</metadata>${layer("sticker-border-ffffff", "Sticker border #ffffff", "#ffffff", "M0 0L9 9Z")}${layer("red-dd3b0d", "Red #dd3b0d", "#dd3b0d", "M1 1L2 2Z")}</svg>`;

test("a cut file has its size and its layers", () => {
  expect(readCutFile(SVG)).toEqual({
    width: 323.5206,
    height: 294.2406,
    layers: [
      { name: "Sticker border #ffffff", colour: "#ffffff", path: "M0 0L9 9Z", isBorder: true },
      { name: "Red #dd3b0d", colour: "#dd3b0d", path: "M1 1L2 2Z", isBorder: false },
    ],
  });
});

test("what is no cut file is refused", () => {
  expect(() => readCutFile("<Error><Code>AccessDenied</Code></Error>")).toThrow("no cut file");
});

test("the lines of neighbouring layers have different colours", () => {
  for (let index = 0; index < 16; index += 1) expect(lineColour(index)).not.toBe(lineColour(index + 1));
});
