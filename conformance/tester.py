"""Runs scim2-tester against the server whose URL is given, and prints its results
as JSON. The token comes from the environment."""

import json
import os
import sys

from httpx2 import Client
from pydantic import BaseModel
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server


def plain(value):
    """What was compared, as JSON."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def record(result):
    data = result.data if isinstance(result.data, dict) else {}
    actual = "actual" if "actual" in data else "modify_actual"
    compared = "expected" in data and actual in data
    return {
        "status": result.status.name,
        "check": result.title or "",
        "resource": result.resource_type or "",
        "attribute": data.get("urn", ""),
        "reason": result.reason or "",
        "compared": compared,
        "expected": plain(data["expected"]) if compared else None,
        "actual": plain(data[actual]) if compared else None,
    }


def main():
    authorization = "Bearer " + os.environ["SCIM_TOKEN"]
    with Client(base_url=sys.argv[1], headers={"Authorization": authorization}, timeout=30) as http:
        results = check_server(SyncSCIMClient(http))
    json.dump([record(r) for r in results], sys.stdout)


main()
