"""The one logger of a Lambda: a fact and its fields, as JSON."""

from aws_lambda_powertools import Logger

logger = Logger()
