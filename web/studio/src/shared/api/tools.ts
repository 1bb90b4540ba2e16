import type { components } from "@client/index";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "./client";

export type Tool = components["schemas"]["ToolView"];
export type Preset = components["schemas"]["PresetView"];

/** The tools in the order in which Studio shows them; the first six are large. Tools that it does not know come last. */
export const TOOL_ORDER = [
  "pattern",
  "clipart",
  "variations",
  "outpaint",
  "upscale",
  "picture",
  "cutout",
  "lineart",
  "sticker-sheet",
] as const;
export type ToolName = (typeof TOOL_ORDER)[number];

export function isKnownTool(name: string): name is ToolName {
  return (TOOL_ORDER as readonly string[]).includes(name);
}

/** All tools with their presets, styles, prices and schemas. Visitors cannot read them. */
export function useTools(enabled = true) {
  return useQuery({
    queryKey: ["tools"],
    queryFn: async () => (await body(api().GET("/v1/tools"))).tools,
    staleTime: 10 * 60_000,
    enabled,
  });
}
