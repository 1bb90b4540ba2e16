"""`python -m cdk_app.packaging.gpu_image <stage>`: build the GPU image and push it to the stage's repository.

It needs the command lines of Docker and AWS. Run it after the data stack is deployed and before the rendering stack.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from cdk_app.stages.stage import Stage
from cdk_app.stages.values import find_stage

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY_OUTPUT = "Stacks[0].Outputs[?OutputKey=='GpuRepositoryUri'].OutputValue"


def push_image(stage: Stage) -> str:
    """Build and push the image, and return its full name; exits with a message that says what is missing."""
    if stage.gpu.image:
        sys.exit(f"stage {stage.name} runs {stage.gpu.image}: there is nothing to push")
    if stage.gpu.image_tag.startswith("sha256:"):
        sys.exit(f"stage {stage.name} names its image by digest: it is in the repository already")
    missing = [tool for tool in ("docker", "aws") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"make image needs the command line of {' and of '.join(missing)}")
    stack = stage.name_stack("Data")
    repository = _run(
        "aws", "cloudformation", "describe-stacks", "--stack-name", stack, *_select_text(REPOSITORY_OUTPUT)
    )
    if not repository:
        sys.exit(f"the stack {stack} has no repository: deploy it first")
    image = f"{repository}:{stage.gpu.image_tag}"
    registry, region = repository.partition("/")[0], repository.split(".")[3]
    password = _run("aws", "ecr", "get-login-password", "--region", region)
    _run("docker", "login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    dockerfile = ROOT / "gpu_tasks" / "Dockerfile"
    _show("docker", "build", "--platform", "linux/amd64", "--file", str(dockerfile), "--tag", image, str(ROOT))
    _show("docker", "push", image)
    return image


def _select_text(query: str) -> list[str]:
    return ["--query", query, "--output", "text"]


def _run(*command: str, stdin: str | None = None) -> str:
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])} failed; its message is above")
    return done.stdout.strip()


def _show(*command: str) -> None:
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"{' '.join(command[:2])} failed; its message is above")


if __name__ == "__main__":
    print(push_image(find_stage(sys.argv[1])))
