"""GET /v1/tools: list the tools."""

from functools import cache

from craftspark.jobs.pools import ServingPools
from craftspark.models.catalogue import find_model
from craftspark.models.model import Model
from craftspark.models.terms import terms_of
from craftspark.settings.jobs import ToolsSettings
from craftspark.tools import TOOLS, Tool
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.file_views import terms_view
from lambdas.http.views import PresetView, StyleView, ToolList, ToolView
from lambdas.log import logger


@cache
def models() -> dict[str, Model]:
    """The model of each tool of the stage, on the device of its pool."""
    serving = ServingPools.parse(ToolsSettings.from_environment().pools)
    return {
        tool: find_model(model).on(pool.device).with_networks(serving.networks)
        for pool in serving.pools
        for tool, model in pool.tools.items()
    }


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    return Response(
        body=ToolList(tools=[tool_view(tool, models()[tool.name]) for tool in TOOLS.values() if tool.name in models()])
    )


def tool_view(tool: Tool, model: Model) -> ToolView:
    styles = model.styles if "style" in tool.request.model_fields else ()
    presets = tool.request.presets if model.follows_presets else ()
    return ToolView(
        name=tool.name,
        model=model.name,
        title=tool.title,
        summary=tool.summary,
        credits_per_image=tool.price(model),
        terms=terms_view(terms_of(model)),
        sizes=list(model.sizes),
        max_steps=model.max_steps or None,
        max_prompt_tokens=model.max_prompt_tokens if "negative_prompt" in tool.request.model_fields else None,
        styles=[
            StyleView(name=style.name, title=style.title, summary=style.summary, licence=style.licence_text)
            for style in styles
        ],
        presets=[PresetView(name=preset.name, title=preset.title, summary=preset.summary) for preset in presets],
        request_schema=tool.request.model_json_schema(),
    )
