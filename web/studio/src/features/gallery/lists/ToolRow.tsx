import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { isKnownTool, TOOL_ORDER, type ToolName } from "@/shared/api/tools";
import { t } from "@/shared/text/text";
import { toolTitle } from "@/shared/tools/tools";
import css from "./GalleryPage.module.css";

interface Props {
  tool: string | undefined;
  isAll: boolean;
  /** Where the pictures of a tool are, or those of all. */
  pathOf: (tool?: ToolName) => string;
}

/** The tools as links, in one line. */
export function ToolRow({ tool, isAll, pathOf }: Props) {
  const row = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const line = row.current;
    const chip = line?.children.item(tool && isKnownTool(tool) ? TOOL_ORDER.indexOf(tool) + 1 : 0);
    // On a phone, the tool that is chosen may be out of sight.
    if (line && chip instanceof HTMLElement) line.scrollLeft = chip.offsetLeft + chip.offsetWidth / 2 - line.clientWidth / 2;
  }, [tool]);
  return (
    <ul ref={row} className={css["row"]}>
      <li>
        <Link href={pathOf()} className={css["chip"]} aria-current={isAll ? "page" : undefined}>
          {t("gallery.all")}
        </Link>
      </li>
      {TOOL_ORDER.map((one) => (
        <li key={one}>
          <Link href={pathOf(one)} className={css["chip"]} aria-current={tool === one ? "page" : undefined}>
            {toolTitle(one)}
          </Link>
        </li>
      ))}
    </ul>
  );
}
