import type { Tool } from "@/shared/api/tools";
import type { Fields } from "@/shared/form/fields";
import { current, named, t } from "@/shared/text/text";
import { presetPicture } from "@/shared/tools/tools";
import { Choices } from "@/shared/ui/Choices";
import { Sample } from "./Sample";

interface Props {
  tool: Tool;
  fields: Fields;
  onFields: (fields: Fields) => void;
  errors: Record<string, string>;
}

/** A style or a preset, as pictures of one subject. A request has at most one of them. */
export function LookField({ tool, fields, onFields, errors }: Props) {
  if (tool.styles.length + tool.presets.length === 0) return null;
  const { style, preset } = fields;
  const value = style ? `style:${String(style)}` : preset ? `preset:${String(preset)}` : "";
  const looks = [
    { key: "", name: "none", title: t("look.none") },
    ...tool.styles.map(({ name, title }) => ({ key: `style:${name}`, name, title: named("look", name, title) })),
    ...tool.presets.map(({ name, title }) => ({ key: `preset:${name}`, name, title: named("look", name, title) })),
  ];
  return (
    <div lang={current()}>
      <Choices
        legend={t("look")}
        error={errors["style"] ?? errors["preset"]}
        look="pictures"
        value={value}
        onChoose={(key) => {
          const [kind, name] = key.split(":");
          onFields({ style: kind === "style" ? name : undefined, preset: kind === "preset" ? name : undefined });
        }}
        choices={looks.map(({ key, name, title }) => ({ value: key, label: title, picture: <Sample src={presetPicture(name)} /> }))}
      />
    </div>
  );
}
