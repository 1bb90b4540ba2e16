import { useMemo, useState } from "react";
import { useParams, useSearch } from "wouter";
import { type PublishedPicture, usePicture } from "@/shared/api/gallery";
import { type Job, useJob } from "@/shared/api/jobs";
import { explain, problemName } from "@/shared/api/problems";
import { type Tool, useTools } from "@/shared/api/tools";
import { type Fields, keepFields, keptFields, type Request, remixed } from "@/shared/form/fields";
import { parseSource } from "@/shared/source/source";
import { t } from "@/shared/text/text";
import { Missing } from "@/shared/ui/Missing";
import { Failed, Notice } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { toolSummary, toolTitle } from "@/shared/tools/tools";
import { remixOf } from "./remix";
import { ToolForm } from "./ToolForm";
import css from "./ToolPage.module.css";

/**
 * One tool: its form, and what it will cost.
 *
 * `?source=` sets the source. `?from=` takes the settings of a job, and `?remix=` those of a picture in the gallery.
 */
export function ToolPage() {
  const { tool: name = "" } = useParams<{ tool: string }>();
  const search = new URLSearchParams(useSearch());
  const tools = useTools();
  const tool = tools.data?.find((one) => one.name === name);
  const from = search.get("from") ?? undefined;
  const job = useJob(from ?? "", from !== undefined);
  const remix = search.get("remix") ?? undefined;
  const picture = usePicture(remix ?? "", remix !== undefined);
  const lost = (remix !== undefined && picture.error) || (from !== undefined && job.error);
  if (tools.isSuccess && !tool) return <Missing what={t("missing.tool")} />;
  const isReady = tool && (from === undefined || !job.isPending) && (remix === undefined || !picture.isPending);
  return (
    <Page title={toolTitle(name, tool)} lead={toolSummary(name, tool)} className={css["page"]}>
      {tools.error ? <Failed error={tools.error} again={() => void tools.refetch()} /> : null}
      {lost ? <Notice tone="bad">{problemName(lost).endsWith("NotFound") ? t("form.gone") : explain(lost).text}</Notice> : null}
      {isReady ? (
        <Prepared
          key={`${name}?${search.toString()}`}
          tool={tool}
          source={search.get("source") ?? undefined}
          settings={settingsOf(name, job.data, picture.data)}
        />
      ) : (
        <div className={css["waits"]} aria-busy="true" />
      )}
    </Page>
  );
}

function settingsOf(tool: string, job: Job | undefined, picture: PublishedPicture | undefined): Request | undefined {
  if (job?.tool === tool) return job.request;
  return picture?.tool === tool ? remixOf(picture) : undefined;
}

interface PreparedProps {
  tool: Tool;
  source: string | undefined;
  settings: Request | undefined;
}

/** The form with what the address brings along. What was in it before can be taken back. */
function Prepared({ tool, source, settings }: PreparedProps) {
  const before = useMemo(() => keptFields(tool.name), [tool.name]);
  const [brought, setBrought] = useState<Fields>(() => {
    const fields = settings ? remixed(settings) : before;
    const next = parseSource(source) ? { ...fields, source } : fields;
    keepFields(tool.name, next);
    return next;
  });
  const isReplaced = settings !== undefined && Object.keys(before).length > 0 && brought !== before;
  const takeBack = () => {
    keepFields(tool.name, before);
    setBrought(before);
  };
  return (
    <ToolForm
      key={brought === before ? "before" : "brought"}
      tool={tool}
      initial={brought}
      onTakeBack={isReplaced ? takeBack : undefined}
    />
  );
}
