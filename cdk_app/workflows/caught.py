"""Error and cause, as a catch passes them on."""

from craftspark.errors import CraftsparkError

CAUSE = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"


def pass_on_error(unnamed: type[CraftsparkError]) -> dict[str, str]:
    """The caught error's name and cause. An error without a name gets the name of `unnamed`."""
    error = f"{{% $exists($states.errorOutput.Error) ? $states.errorOutput.Error : '{unnamed.__name__}' %}}"
    return {"error": error, "cause": CAUSE}
