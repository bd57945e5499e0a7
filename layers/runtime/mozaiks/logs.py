"""The process's logger: one JSON line a record, ids only, never contents or tokens."""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

__all__ = ["logger"]

logger = Logger(service="mozaiks")
"""Carries the invocation's ids. The package's modules log through ``logging``; their records take the same form."""

logging.getLogger("mozaiks").setLevel(logger.log_level)
copy_config_to_registered_loggers(source_logger=logger, include={"mozaiks"})
