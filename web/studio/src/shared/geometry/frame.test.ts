import { describe, expect, test } from "vitest";
import { centred, frameOf, isSame, moved, placeOfSource, readFrame, roomOf, withAspect, withRoom } from "./frame";

const SOURCE = { width: 512, height: 384 };
const FRAME = { width: 812, height: 384, left: 100, top: 0 };

test("a frame and its room say the same", () => {
  expect(roomOf(FRAME, SOURCE)).toEqual({ left: 100, right: 200, top: 0, bottom: 0 });
  expect(frameOf(roomOf(FRAME, SOURCE), SOURCE)).toEqual(FRAME);
});

describe("one edge is moved", () => {
  test("the others stay", () => {
    expect(roomOf(withRoom(FRAME, SOURCE, "left", 150), SOURCE)).toEqual({ left: 150, right: 200, top: 0, bottom: 0 });
    expect(roomOf(withRoom(FRAME, SOURCE, "bottom", 33.4), SOURCE).bottom).toBe(33);
  });
  test("not into the source", () => expect(withRoom(FRAME, SOURCE, "right", -40).width).toBe(612));
  test("not beyond the largest canvas", () => expect(withRoom(FRAME, SOURCE, "right", 9999).width).toBe(2048));
});

test("a moved frame keeps its size and the source within it", () => {
  expect(moved(FRAME, SOURCE, 40, 10)).toEqual({ ...FRAME, left: 60 });
  expect(moved(FRAME, SOURCE, 400, 0).left).toBe(0);
  expect(moved(FRAME, SOURCE, -400, 0).left).toBe(300);
});

test("an aspect ratio gives the smallest canvas around the source", () => {
  expect(withAspect(SOURCE, 1, 1)).toEqual({ width: 512, height: 512, left: 0, top: 64 });
  expect(withAspect(SOURCE, 16, 9)).toEqual({ width: 683, height: 384, left: 85, top: 0 });
  expect(withAspect({ width: 2000, height: 2000 }, 16, 9)).toBeUndefined();
});

test("fields without a frame get room on each side", () => {
  expect(readFrame({}, SOURCE)).toEqual({ width: 768, height: 576, left: 128, top: 96 });
  expect(readFrame({ width: 600 }, SOURCE)).toEqual({ width: 600, height: 384, left: 44, top: 0 });
  expect(readFrame({ width: 600, left: 500 }, SOURCE).left).toBe(88);
  expect(readFrame({ aspect: "1:1" }, SOURCE)).toEqual({ width: 512, height: 512, left: 0, top: 64 });
});

test("a canvas of the source's size is none", () => {
  expect(isSame(centred(SOURCE, SOURCE), SOURCE)).toBe(true);
  expect(isSame(FRAME, SOURCE)).toBe(false);
});

test("an anchor puts the source at a side or in a corner", () => {
  const size = { width: 1024, height: 768 };
  expect(readFrame({ ...size, anchor: "bottom-right" }, SOURCE)).toEqual({ ...size, left: 512, top: 384 });
  expect(readFrame({ ...size, anchor: "left" }, SOURCE)).toEqual({ ...size, left: 0, top: 192 });
  expect(readFrame({ aspect: "8:3", anchor: "right" }, SOURCE)).toEqual({ width: 1024, height: 384, left: 512, top: 0 });
});

test("the place of the source is a share of the result", () => {
  const place = placeOfSource({ width: 1024, height: 768, left: 256, top: 0 }, SOURCE);
  expect(place).toEqual({ left: 0.25, top: 0, across: 0.5, down: 0.5 });
});
