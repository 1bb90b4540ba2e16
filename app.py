"""Build the stacks of one stage: `cdk synth -c stage=prod`, or `python app.py` with CDK_OUTDIR set."""

from aws_cdk import App

from cdk_app.stages import find_stage
from stacks.craftspark import build_stacks

# No usage reports: with them the CLI would add a resource that a synthesis without it does not have.
app = App(analytics_reporting=False)
build_stacks(app, find_stage(app.node.try_get_context("stage") or "dev"))
app.synth()
