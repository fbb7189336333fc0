"""Asks Bedrock's Converse through boto3, AWS's own client, and prints what it read: the oracle for ours.

`python boto3_asks.py ADDRESS`, in the environment that `make servers` makes. Prints one JSON object with four lists of
answers: of a question and of a talk with a tool, each streamed and whole.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MODEL = "smollm2-135m"
QUESTION = "Explain what an API is."
WEATHER = "What is the weather in Paris?"
RESULT = {"celsius": 18}
TOOL = "get_weather"
DESCRIPTION = "Get the current weather in a city"
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def main(endpoint: str) -> None:
    """Ask all, and print."""
    import boto3

    keys = {"aws_access_key_id": "EXAMPLE", "aws_secret_access_key": "example", "region_name": "us-east-1"}
    client = boto3.client("bedrock-runtime", endpoint_url=endpoint, **keys)
    answers = {}
    for name, ask in (("streamed", streamed), ("whole", whole)):
        answers[f"question, {name}"] = [question(client, ask)[1]]
        answers[f"talk, {name}"] = talk(client, ask)
    json.dump(answers, sys.stdout)


def question(client: Any, ask: Any) -> Any:
    """One answer."""
    limits = {"maxTokens": 12, "temperature": 0}
    return ask(client, modelId=MODEL, messages=[user({"text": QUESTION})], inferenceConfig=limits)


def talk(client: Any, ask: Any) -> list[dict[str, Any]]:
    """Two answers, with a tool's result between them."""
    spec = {"name": TOOL, "description": DESCRIPTION, "inputSchema": {"json": PARAMETERS}}
    tools = [{"toolSpec": spec}]
    limits = {"maxTokens": 48, "temperature": 0}
    messages = [user({"text": WEATHER})]
    fields = {"modelId": MODEL, "messages": messages, "inferenceConfig": limits}
    message, first = ask(client, **fields, toolConfig={"tools": tools, "toolChoice": {"any": {}}})
    results = [
        {"toolResult": {"toolUseId": block["toolUse"]["toolUseId"], "content": [{"json": RESULT}]}}
        for block in message["content"]
        if "toolUse" in block
    ]
    messages += [message, user(*results)]
    _, second = ask(client, **fields, toolConfig={"tools": tools})
    return [first, second]


def user(*content: dict[str, Any]) -> dict[str, Any]:
    """A message of the user's."""
    return {"role": "user", "content": list(content)}


def whole(client: Any, **request: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An answer in one piece: the message, and what is said in it."""
    answer = client.converse(**request)
    return answer["output"]["message"], reading(answer["output"]["message"], answer["stopReason"], answer["usage"])


def streamed(client: Any, **request: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A streamed answer, put together again."""
    blocks: dict[int, dict[str, Any]] = {}
    arguments: dict[int, str] = {}
    stop, usage = "", {}
    for event in client.converse_stream(**request)["stream"]:
        (kind, body), *_ = event.items()
        index = body.get("contentBlockIndex")
        if kind == "contentBlockStart":
            blocks[index] = {"toolUse": dict(body["start"]["toolUse"])}
        elif kind == "contentBlockDelta" and "text" in body["delta"]:
            block = blocks.setdefault(index, {"text": ""})
            block["text"] += body["delta"]["text"]
        elif kind == "contentBlockDelta":
            arguments[index] = arguments.get(index, "") + body["delta"]["toolUse"]["input"]
        elif kind == "messageStop":
            stop = body["stopReason"]
        elif kind == "metadata":
            usage = body["usage"]
    for index, text in arguments.items():
        blocks[index]["toolUse"]["input"] = json.loads(text)
    content = [block for _, block in sorted(blocks.items()) if block != {"text": ""}]
    message = {"role": "assistant", "content": content}
    return message, reading(message, stop, usage)


def reading(message: dict[str, Any], stop: str, usage: dict[str, Any]) -> dict[str, Any]:
    """What is said in an answer, without ids, which differ from answer to answer."""
    calls = [block["toolUse"] for block in message["content"] if "toolUse" in block]
    return {
        "text": "".join(block.get("text", "") for block in message["content"]),
        "calls": [[call["name"], call["input"]] for call in calls],
        "stop": stop,
        "usage": [usage["inputTokens"], usage["outputTokens"], usage["totalTokens"]],
    }


if __name__ == "__main__":
    main(sys.argv[1])
