"""A program that calls the gateway with a token, as an SDK does."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.accounts.actor import OPERATOR
from core.accounts.models import Person, Workspace
from core.db import session
from core.gateway import tokens
from core.gateway.models import GatewayRequest
from core.gateway.request_log import writer
from tests import marker

HELLO = [{"role": "user", "content": "Hello"}]
PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "fim": "/v1/fim/completions",
    "embeddings": "/v1/embeddings",
}


class Program:
    """Everything that it gets is looked through for keys."""

    def __init__(self, app: Flask, workspace: Workspace, person: Person) -> None:
        self.client: FlaskClient = app.test_client()
        secret_key = app.config["SECRET_KEY"]
        self.row, self.token = tokens.create(workspace, person, "Tests", None, OPERATOR, secret_key)
        self.workspace_id = workspace.id

    def chat(self, model: str, stream: bool = False, **more: Any) -> TestResponse:
        return self.ask("chat", {"model": model, "messages": HELLO, "stream": stream, **more})

    def messages(self, model: str, stream: bool = False, **more: Any) -> TestResponse:
        body = {"model": model, "max_tokens": 50, "messages": HELLO, "stream": stream, **more}
        return self.ask("messages", body)

    def ask(self, route: str, body: Any, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} | headers
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.post(
            PATHS[route], data=data, headers=sent, content_type="application/json"
        )
        assert not marker.in_bytes(answer.data)
        assert not marker.in_bytes(str(answer.headers).encode())
        return answer

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.token}"})

    def logged(self) -> list[GatewayRequest]:
        """The workspace's requests as the log has them, newest first."""
        writer.flush()
        session().commit()
        session().expire_all()
        return writer.recent(self.workspace_id)
