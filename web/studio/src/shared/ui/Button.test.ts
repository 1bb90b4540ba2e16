import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Button } from "./Button";

// An element with the attribute `disabled` loses the focus, and a keyboard starts again at the top of the page.
test.each([{ busy: true }, { disabled: true }])("a button keeps the focus while it does nothing: %o", (state) => {
  const markup = renderToStaticMarkup(createElement(Button, state, "Save"));

  expect(markup).toContain('aria-disabled="true"');
  expect(markup).not.toMatch(/ disabled/);
});

test.each([
  [{ busy: true }, true],
  [{ disabled: true }, true],
  [{}, false],
])("a button does nothing while it is busy or disabled: %o", (state, refuses) => {
  const clicked: string[] = [];
  const { props } = Button({ ...state, children: "Save", onClick: () => clicked.push("Save") });
  const prevented: string[] = [];

  props.onClick({ preventDefault: () => prevented.push("default") });

  expect([clicked, prevented]).toEqual(refuses ? [[], ["default"]] : [["Save"], []]);
});
