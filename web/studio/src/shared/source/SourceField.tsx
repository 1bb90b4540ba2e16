import { useId, useState } from "react";
import { t } from "@/shared/text/text";
import { Button } from "@/shared/ui/Button";
import { Picture } from "@/shared/ui/Picture";
import { cx } from "@/shared/ui/cx";
import css from "./SourceField.module.css";
import { SourceDialog } from "./SourceDialog";
import { useSource } from "./source";
import { useSendFile } from "./useSendFile";
import { ACCEPTED } from "@/shared/api/uploads";

interface Props {
  label: string;
  value: unknown;
  onSource: (source: string | undefined) => void;
  isRequired: boolean;
  error?: string | undefined;
}

/** The picture to start from: dropped, chosen from the device, or one of the maker's own. */
export function SourceField({ label, value, onSource, isRequired, error }: Props) {
  const id = useId();
  const view = useSource(value);
  const [isChoosing, choose] = useState(false);
  const { send, isSending } = useSendFile(onSource);
  const [isOver, setOver] = useState(false);
  return (
    <div className={css["field"]} role="group" aria-labelledby={`${id}-label`}>
      <span id={`${id}-label`} className={css["label"]}>
        {label}
      </span>
      <div
        className={cx(css["place"], (isRequired || view) && css["roomy"], isOver && css["over"])}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          const [file] = event.dataTransfer.files;
          if (file) send(file);
        }}
      >
        {view ? (
          <span className={css["shown"]}>
            <Picture src={view.thumbnail} alt={t("source.chosen")} fill checks={view.alpha ?? true} />
          </span>
        ) : null}
        <div className={css["ways"]}>
          {view?.isGone ? <p className={css["gone"]}>{t("source.gone")}</p> : null}
          {view && !view.isGone ? (
            <p className={css["size"]}>{view.width && view.height ? t("source.size", { width: view.width, height: view.height }) : "\u00a0"}</p>
          ) : null}
          {view ? null : <p className={css["hint"]}>{t("source.drop")}</p>}
          <div className={css["buttons"]}>
            <label className={css["upload"]}>
              <input
                type="file"
                className="unseen"
                accept={ACCEPTED.join(",")}
                aria-describedby={error ? `${id}-error` : undefined}
                onChange={(event) => {
                  const [file] = event.target.files ?? [];
                  if (file) send(file);
                  event.target.value = "";
                }}
              />
              <span>{isSending ? t("source.sending") : t("source.upload")}</span>
            </label>
            <Button onClick={() => choose(true)}>{t("source.own")}</Button>
            {view && !isRequired ? (
              <Button look="quiet" onClick={() => onSource(undefined)}>
                {t("source.remove")}
              </Button>
            ) : null}
          </div>
        </div>
      </div>
      {error ? (
        <p id={`${id}-error`} className={css["error"]}>
          {error}
        </p>
      ) : null}
      <SourceDialog open={isChoosing} onClose={() => choose(false)} onSource={onSource} />
    </div>
  );
}
