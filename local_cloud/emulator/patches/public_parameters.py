"""AWS's public parameter of the GPU machine image.

Gap: the emulator knows two public parameters, and not the one that a GPU capacity provider's launch template resolves.
"""

from ministack.services import ssm

from local_cloud.emulator.patching import Patch, Target

GPU_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"

PATCH = Patch(
    name="public parameters",
    gap="the machine image of the GPU instances cannot be resolved",
    targets=(
        Target(ssm._PUBLIC_AMI_PARAMETERS, GPU_IMAGE, None),
        Target(ssm, "_public_parameter", "512c8624b0a1c8d7b2977e60bc594445"),
    ),
    apply=lambda: ssm._PUBLIC_AMI_PARAMETERS.update({GPU_IMAGE: "ami-00000000000000000"}),
)
