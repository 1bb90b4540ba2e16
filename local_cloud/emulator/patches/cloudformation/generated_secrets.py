"""A secret that CloudFormation generates has only the kinds of characters that its template allows.

Gap: the emulator puts punctuation into a secret whose template excludes it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

import string
from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Replacement

KINDS = {
    "ExcludePunctuation": string.punctuation,
    "ExcludeNumbers": string.digits,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeLowercase": string.ascii_lowercase,
}
_secret_string = provisioners._sm_secret_string


def secret_string(properties: Mapping[str, Any]) -> str:
    generated = properties.get("GenerateSecretString")
    if generated:
        excluded = "".join(characters for kind, characters in KINDS.items() if generated.get(kind) in (True, "true"))
        generated = {**generated, "ExcludeCharacters": generated.get("ExcludeCharacters", "") + excluded}
        properties = {**properties, "GenerateSecretString": generated}
    return str(_secret_string(properties))


PATCH = Patch(
    name="generated secrets",
    gap="a generated secret has characters that its template excludes",
    targets=(Replacement(provisioners, "_sm_secret_string", "35e09b8c3f3d4989c98083d651e903ef", secret_string),),
)
