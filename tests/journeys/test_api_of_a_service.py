"""The API beside a running service: a file goes in by HTTP, Amazon confirms it, its result and its hook come out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
from hook_receiver import receiver
from running import Running, amazon_file, order_ids, rows, wait_for

from cws_filedrop.service_context import open_context
from cws_filedrop.settings import ApiSettings, Settings
from cws_filedrop.web import api_app


def test_from_http_to_amazon_and_back(service: Running) -> None:
    seller = service.new_seller()
    token = json.loads(service.command("seller", "token", "add", seller, "--json").stdout)["token"]
    settings = Settings(api=ApiSettings(per_second=0, per_minute=0, per_hour=0))  # a test asks more often
    context = open_context(replace(settings, service=replace(settings.service, data_dir=service.data)))
    app = api_app.build(context, arrived=lambda _upload_id: None)  # nobody says so to the worker: its round finds it

    def call(method: str, path: str, **more: Any) -> httpx.Response:
        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            headers = {"authorization": f"Bearer {token}"} | more.pop("headers", {})
            async with httpx.AsyncClient(transport=transport, base_url="http://drop") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(one())

    try:
        with receiver() as there:
            assert service.command("seller", "hook", "add", seller, there.url).returncode == 0
            answer = call("POST", "/orders/confirm", content=amazon_file(order_ids(3)))
            assert answer.status_code == 202
            upload = answer.json()["id"]

            def done() -> bool:
                return bool(call("GET", f"/uploads/{upload}").json()["state"] == "done")

            wait_for(done, what="Amazon's answer")
            result = wait_for(
                lambda: found if (found := call("GET", f"/uploads/{upload}/result")).status_code == 200 else None,
                what="the result",
            )
            assert result is not None
            assert [row["verdict"] for row in rows(result.content)] == ["confirmed"] * 3
            told = call("GET", f"/uploads/{upload}").json()
            assert (told["door"], told["verdicts"]) == ("http", {"confirmed": 3})
            finals = wait_for(
                lambda: [one for one in there.told if one.said["data"].get("final")], what="the hook to be told"
            )
            assert finals[0].said["data"]["upload_id"] == upload
            assert "http" in call("GET", f"/uploads/{upload}/receipt").text
    finally:
        context.db.close()
