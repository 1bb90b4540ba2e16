"""The embedded cloud: the synthesized templates deployed unchanged on one laptop, without an AWS account or Docker."""
