"""The schema's links: where they lead, and what they take along."""

from typing import Any, Protocol

import pytest

from lanparty_relay.admin.app import AdminParts, create_app

Json = dict[str, Any]  # Any: OpenAPI


class Relay(Protocol):
    """What these tests use of the played relay (conftest.py)."""

    parts: AdminParts


@pytest.fixture
def schema(relay: Relay) -> Json:
    return create_app(relay.parts).openapi()


def links_of(schema: Json, path: str, method: str, status: str) -> Json:
    links: Json = schema["paths"][path][method]["responses"][status]["links"]
    return links


def operations(schema: Json) -> Json:
    """Each operation's path by its id."""
    return {
        operation["operationId"]: path
        for path, item in schema["paths"].items()
        for operation in item.values()
    }


def test_a_room_that_was_made_leads_to_all_that_is_asked_about_a_room(schema: Json) -> None:
    links = links_of(schema, "/api/v1/rooms", "post", "201")
    paths = operations(schema)
    assert {paths[link["operationId"]] for link in links.values()} == {
        path for path in paths.values() if "{room_id}" in path and "{peer_id}" not in path
    }
    assert {str(link["parameters"]) for link in links.values()} == {
        "{'room_id': '$response.body#/room_id'}"
    }


def test_a_listed_peer_leads_to_all_that_is_asked_about_a_peer(schema: Json) -> None:
    links = links_of(schema, "/api/v1/peers", "get", "200")
    paths = operations(schema)
    found = [paths[link["operationId"]] for link in links.values()]
    assert set(found) == {path for path in paths.values() if "{peer_id}" in path}
    assert found.count("/api/v1/rooms/{room_id}/peers/{peer_id}") == 2  # to look, and to kick
    assert all(set(link["parameters"]) == {"room_id", "peer_id"} for link in links.values())


def test_every_linked_parameter_is_one_of_its_path(schema: Json) -> None:
    paths = operations(schema)
    for item in schema["paths"].values():
        for operation in item.values():
            for response in operation["responses"].values():
                for link in response.get("links", {}).values():
                    path = paths[link["operationId"]]
                    assert all(f"{{{name}}}" in path for name in link["parameters"])
