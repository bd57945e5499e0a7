"""Answers any event with what it saw."""

import json
import os


def handler(event, context):
    if event.get("rawPath") == "/fail":
        raise ValueError("asked to fail")
    if event.get("rawPath") == "/plain":
        return {"plain": True}
    if event.get("rawPath") == "/binary":
        return {
            "statusCode": 200,
            "headers": {"content-type": "image/png"},
            "body": "iVBORw==",
            "isBase64Encoded": True,
        }
    if event.get("rawPath") == "/cookies":
        return {"statusCode": 204, "cookies": ["a=1; Path=/", "b=2"]}
    if event.get("do") == "environment":
        return dict(os.environ)
    if event.get("do") == "context":
        return {
            "name": context.function_name,
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(),
        }
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
