"""Presets: words for a look that are added to a prompt."""

from collections.abc import Iterable
from dataclasses import dataclass

from craftspark.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Preset:
    """`title` and `summary` are texts for makers. `words` contains {prompt}. `without` extends the negative prompt."""

    name: str
    title: str
    summary: str
    words: str
    without: str = ""

    def prompt(self, prompt: str) -> str:
        return self.words.replace("{prompt}", prompt)

    def negative_prompt(self, negative_prompt: str) -> str:
        return ", ".join(filter(None, (negative_prompt, self.without)))


def find_preset(presets: Iterable[Preset], name: str) -> Preset:
    """The preset with this name. Raises InvalidInput, which lists the presets."""
    known = {preset.name: preset for preset in presets}
    if name not in known:
        raise InvalidInput(f"there is no such preset; the presets are {', '.join(known) or 'none'}", field="preset")
    return known[name]
