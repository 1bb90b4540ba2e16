"""Pick a stage and build its stacks: `cdk synth -c stage=prod`, or `python app.py` with CDK_OUTDIR set."""

from aws_cdk import App, Tags

from cdk_app.acknowledged_grants import acknowledge_grants
from cdk_app.stages.stage import Stage
from cdk_app.stages.values import find_stage
from stacks.api import ApiStack
from stacks.data import DataStack
from stacks.gallery import GalleryStack
from stacks.live import LiveStack
from stacks.network import NetworkStack
from stacks.operations import OperationsStack
from stacks.rendering import RenderingStack
from stacks.search import SearchStack
from stacks.training import TrainingStack
from stacks.webhooks import WebhooksStack


def build(app: App, stage: Stage) -> None:
    """Ids are the same in every stage; only the stacks' names tell them apart in an account."""
    network = NetworkStack(app, "Network", stack_name=stage.name_stack("Network"), stage=stage)
    data = DataStack(app, "Data", stack_name=stage.name_stack("Data"), stage=stage)
    rendering = RenderingStack(
        app, "Rendering", stack_name=stage.name_stack("Rendering"), stage=stage, vpc=network.vpc, data=data
    )
    live = LiveStack(app, "Live", stack_name=stage.name_stack("Live"), stage=stage, data=data)
    webhooks = WebhooksStack(app, "Webhooks", stack_name=stage.name_stack("Webhooks"), stage=stage)
    gallery = GalleryStack(app, "Gallery", stack_name=stage.name_stack("Gallery"), stage=stage, data=data)
    search = SearchStack(app, "Search", stack_name=stage.name_stack("Search"), stage=stage, data=data)
    api = ApiStack(
        app,
        "Api",
        stack_name=stage.name_stack("Api"),
        stage=stage,
        data=data,
        intake=rendering.intake,
        live=live,
        webhooks=webhooks,
        search=search,
        guardrail=rendering.guardrail,
    )
    training = TrainingStack(
        app,
        "Training",
        stack_name=stage.name_stack("Training"),
        stage=stage,
        vpc=network.vpc,
        data=data,
        rendering=rendering,
    )
    operations = OperationsStack(
        app,
        "Operations",
        stack_name=stage.name_stack("Operations"),
        stage=stage,
        rendering=rendering,
        api=api,
        training=training,
        webhooks=webhooks,
        live=live,
        gallery=gallery,
        search=search,
    )
    for stack in (network, data, rendering, live, webhooks, gallery, search, api, training, operations):
        acknowledge_grants(stack)
    Tags.of(app).add("craftspark:stage", stage.name)


def main() -> None:
    # No usage reports: with them the CLI would add a resource that a synthesis without it does not have.
    app = App(analytics_reporting=False)
    build(app, find_stage(app.node.try_get_context("stage") or "dev"))
    app.synth()


if __name__ == "__main__":
    main()
