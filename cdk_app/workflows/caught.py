"""What a catch hands on about the error that it caught."""

from craftspark.errors import CraftsparkError

CAUSE = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"


def error_and_cause(unnamed: type[CraftsparkError]) -> dict[str, str]:
    """The caught error's name and cause; `unnamed` is the name where the error has none."""
    error = f"{{% $exists($states.errorOutput.Error) ? $states.errorOutput.Error : '{unnamed.__name__}' %}}"
    return {"error": error, "cause": CAUSE}
