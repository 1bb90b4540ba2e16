import { Link } from "wouter";
import { isKnownTool, TOOL_ORDER, type Tool, useTools } from "@/shared/api/tools";
import { signIn, useSession } from "@/shared/session/session";
import { counted, t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/cx";
import { Failed } from "@/shared/ui/Notice";
import { Page } from "@/shared/ui/Page";
import { toolPicture, toolSummary, toolTitle } from "@/shared/tools/tools";
import { Lately } from "./Lately";
import css from "./MakePage.module.css";

const LARGE = 6;

/** The tools as pictures. Visitors see them too, and sign in when they choose one. */
export function MakePage() {
  const session = useSession();
  const isVisitor = session.status === "visitor";
  const tools = useTools(!isVisitor);
  return (
    <Page title={t(isVisitor ? "make.welcome" : "make.title")} lead={t("make.lead")} aside={isVisitor ? <Join /> : null}>
      {tools.error ? <Failed error={tools.error} again={() => void tools.refetch()} /> : null}
      <ul className={css["tools"]}>
        {names(tools.data).map((name, index) => (
          <Card key={name} name={name} tool={tools.data?.find((tool) => tool.name === name)} large={index < LARGE} />
        ))}
      </ul>
      {session.status === "signed-in" ? <Lately /> : null}
    </Page>
  );
}

/** The tools that Studio knows in its order, without those that this deployment lacks, then the others. */
function names(tools: Tool[] | undefined): string[] {
  if (!tools) return [...TOOL_ORDER];
  const there = new Set(tools.map((tool) => tool.name));
  return [...TOOL_ORDER.filter((name) => there.has(name)), ...[...there].filter((name) => !isKnownTool(name))];
}

function Join() {
  return (
    <Button look="primary" onClick={() => void signIn("/")}>
      {t("make.join")}
    </Button>
  );
}

function Card({ name, tool, large }: { name: string; tool: Tool | undefined; large: boolean }) {
  const picture = toolPicture(name);
  return (
    <li className={cx(css["card"], large && css["large"])} data-tool={name}>
      <Link href={`/make/${name}`} className={css["link"]}>
        {picture ? (
          <img src={picture} alt="" width={640} height={480} className={css["picture"]} />
        ) : (
          <span className={css["picture"]} />
        )}
        <span className={css["words"]}>
          <span className={css["title"]}>{toolTitle(name, tool)}</span>
          <span className={css["summary"]}>{toolSummary(name, tool)}</span>
          <span className={css["price"]}>{tool ? counted("make.price", tool.credits_per_image) : "\u00a0"}</span>
        </span>
      </Link>
    </li>
  );
}
