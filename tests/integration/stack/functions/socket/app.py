"""A socket's handler: refuses, greets, echoes through @connections, and does what messages ask for."""

import json
import os
import pathlib
import time

import boto3

client = None


def post(event, data):
    global client
    if client is None:
        client = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["CALLBACK_URL"])
    client.post_to_connection(ConnectionId=event["requestContext"]["connectionId"], Data=data)


def handler(event, context):
    record = os.environ.get("RECORD")
    if record:
        with pathlib.Path(record).open("a") as file:
            file.write(json.dumps(event) + "\n")
    kind = event["requestContext"]["eventType"]
    if kind == "CONNECT":
        return connect(event)
    if kind == "DISCONNECT":
        return {"statusCode": 200}
    try:
        body = json.loads(event["body"])
    except ValueError:
        body = event["body"]
    match body.get("type") if isinstance(body, dict) else None:
        case "ask":
            return {"statusCode": 200, "body": json.dumps({"answer": 42})}
        case "slow":
            time.sleep(1.5)
        case "crash":
            raise RuntimeError("asked to crash")
        case "size":
            post(event, b"x" * body["size"])
        case _:
            route = event["requestContext"]["routeKey"]
            post(event, json.dumps({"route": route, "body": body}).encode())
    return {"statusCode": 200}


def connect(event):
    query = event.get("queryStringParameters") or {}
    headers = {key.lower(): value for key, value in event["headers"].items()}
    match query.get("how"):
        case "refuse":
            return {"statusCode": int(query["status"])}
        case "crash":
            raise RuntimeError("asked to crash")
        case "post":
            post(event, b"too early")
    offered = headers.get("sec-websocket-protocol")
    if offered:
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": offered.split(",")[0].strip()}}
    return {"statusCode": 200}
