"""AWS's public parameter with the ID of the GPU machine image.

Gap: the emulator does not have the public parameter that the launch template of a GPU capacity provider resolves.
"""

from ministack.services import ssm

from local_cloud.emulator.patching import Patch, Replacement, Target

GPU_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"

PATCH = Patch(
    name="public parameters",
    gap="the machine image of the GPU instances cannot be resolved",
    targets=(
        Replacement(ssm._PUBLIC_AMI_PARAMETERS, GPU_IMAGE, None, "ami-00000000000000000"),
        Target(ssm, "_public_parameter", "512c8624b0a1c8d7b2977e60bc594445"),
    ),
)
