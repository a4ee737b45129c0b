"""Errors that no rule knows, grouped into kinds by the log-template miner drain3. Pure.

drain3's tree is used without its own persistence, which would unpickle what a file says: the
kinds themselves are kept, and the tree is built again from them. It is imported with the first
unknown error, because most services never see one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...model.finding import Finding, UnknownKind

MOST_KINDS = 200
MOST_SAMPLES = 5
SAMPLE_CHARS = 400
# What is compared: a kind is told by its beginning, and the tree's size is bounded by both.
_MOST_CHARS = 600
_MOST_TOKENS = 40
_SIMILAR = 0.5
_MARK = "▸"

# In this order. Every repetition is of one class and bounded or possessive: linear on any line.
_MASKS = tuple(
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>]{1,400}+", "<URL>"),
        (r"(?<![\w<])['\"](?:~|\.{1,2})?/[^'\"]{1,400}+['\"]", "<PATH>"),
        (r"(?<![\w<.])(?:~|\.{1,2})?/[^\s'\":,;)\]>]{1,400}+", "<PATH>"),
        (r"[^\s'\"/=(]{1,120}\.(?:mp4|mov|mkv|avi|webm|m4v|jpe?g|png)\b", "<FILE>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9}+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", "<TIME>"),
        (r"\b\d\d:\d\d:\d\d(?:[.,]\d{1,9}+)?", "<TIME>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<ID>"),
        (r"\b0x[0-9a-fA-F]{1,32}+", "<HEX>"),
        (r"\b(?=[a-fA-F]{0,40}+\d)[0-9a-fA-F]{6,128}\b", "<HEX>"),
        (r"\b(?=[A-Za-z_-]{0,60}+\d)[A-Za-z0-9_-]{24,200}+", "<ID>"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b", "<IP>"),
        (r"(?<![\w<])[+-]?\d{1,30}+(?:[.,]\d{1,30}+)*+(?![\w])", "<NUM>"),
    )
)


def masked(line: str) -> str:
    """`line` with whatever differs from case to case replaced by the name of what it is."""
    text = line[:_MOST_CHARS]
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return " ".join(text.split()[:_MOST_TOKENS])


class UnknownErrors:
    """The kinds seen so far, at most MOST_KINDS: the one not seen for longest gives way."""

    def __init__(self, kinds: Iterable[UnknownKind] = ()) -> None:
        self._kinds = {kind.id: kind for kind in sorted(kinds, key=lambda one: (one.last, one.id))[-MOST_KINDS:]}
        self._tree: Any = None

    def take(self, finding: Finding) -> tuple[UnknownKind, bool]:
        """The kind of an UNKNOWN finding as it stands now, and whether it was not there before."""
        tree = self._grown()
        cluster, _ = tree.add_log_message(_joined(finding.code, masked(finding.message)))
        template = _apart(" ".join(cluster.log_template_tokens))
        sample = finding.message[:SAMPLE_CHARS]
        known = self._kinds.get(cluster.cluster_id)
        if known is None:
            kind = UnknownKind(cluster.cluster_id, template, 1, finding.at, finding.at, (sample,), finding.code)
        else:
            more = known.samples if sample in known.samples else (*known.samples, sample)[:MOST_SAMPLES]
            kind = replace(
                known,
                template=template,
                count=known.count + 1,
                first=min(known.first, finding.at),
                last=max(known.last, finding.at),
                samples=more,
            )
        self._kinds[kind.id] = kind
        if len(self._kinds) > MOST_KINDS:
            self._kinds = {number: one for number, one in self._kinds.items() if number in tree.id_to_cluster}
        return kind, known is None

    def _grown(self) -> Any:
        """drain3's tree, with the kinds that are known."""
        if self._tree is None:
            from drain3.drain import Drain, LogCluster

            self._tree = Drain(
                sim_th=_SIMILAR, depth=4, max_children=50, max_clusters=MOST_KINDS, parametrize_numeric_tokens=False
            )
            for kind in self._kinds.values():
                cluster = LogCluster(_joined(kind.frame, kind.template).split(), kind.id)
                cluster.size = kind.count
                self._tree.id_to_cluster[kind.id] = cluster
                self._tree.add_seq_to_prefix_tree(self._tree.root_node, cluster)
                self._tree.clusters_counter = max(self._tree.clusters_counter, kind.id)
        return self._tree


def _joined(frame: str, words: str) -> str:
    # Made part of the first word, which the tree branches on: the same words that come from
    # another place of the program are another kind.
    return f"{frame}{_MARK}{words}" if frame else words


def _apart(template: str) -> str:
    return template.partition(_MARK)[2] if _MARK in template else template
