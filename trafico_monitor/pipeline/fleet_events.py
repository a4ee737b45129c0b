"""Converts what a hub has judged into notifications and records. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..messages import text
from ..model.alert import Notification
from .changeset_builder import ChangeSetBuilder

if TYPE_CHECKING:
    from ..fleet.hub.judgement import Statement


def add(statements: Sequence[Statement], step: ChangeSetBuilder, now: float) -> list[Notification]:
    """Add notifications and records of `statements` to `step`; return the notifications that only edit a message."""
    edits: list[Notification] = []
    for one in statements:
        for line in one.lines:
            step.event(line.event, now, line.priority, **_in_words(one, line.fields, step.language))
        fields = {name: value for name, value in _in_words(one, one.fields, step.language).items() if value}
        if of := fields.pop("de", ""):
            fields["cuantas"] = text("hub.of", step.language, cuantas=fields["cuantas"], de=of)
        notification = Notification(one.key, one.code, one.severity, now, one.thread, fields=fields)
        (edits if one.edit else step.notices).append(notification)
    return edits


def _in_words(statement: Statement, fields: Mapping[str, str], language: str) -> dict[str, str]:
    """`fields` with the subject of what is over, and type and shared facts of a common cause."""
    said = dict(fields)
    if "asunto" in said:
        said["asunto"] = text(f"hub.about.{said['asunto']}", language)
    if not statement.error_type:
        return said
    shared = [text(f"hub.shared.{name}", language, valor=value) for name, value in statement.shared.items()]
    return {"tipo": text(f"type.{statement.error_type}", language), **said, "comun": "; ".join(shared)}
