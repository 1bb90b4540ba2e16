"""An API answers only requests for a stage that it has.

Gap: the emulator serves a request for the stage `$default` also if the API has none of that name. So an address
without the name of a stage would be a way around the distribution, which is the only one to know the name.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
"""

from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import apigateway

from local_cloud.emulator.patching import Extension, Patch

Answer = tuple[int, dict[str, str], bytes]


def extend_execute(execute: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    async def execute_in_stage(api: str, stage: str, *arguments: Any, **options: Any) -> Answer:
        if stage not in apigateway._stages.get(api, {}):
            not_found: Answer = apigateway._http_api_not_found()
            return not_found
        return await execute(api, stage, *arguments, **options)

    return execute_in_stage


PATCH = Patch(
    name="HTTP API stages",
    gap="an API answers requests without a stage",
    targets=(Extension(apigateway, "_handle_execute_in_scope", "aa60b8b0dfaafaa2880d52a7b62fe8ed", extend_execute),),
)
