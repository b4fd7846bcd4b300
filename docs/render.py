"""Write the parts of docs/protocol.md that come from the code: state diagrams, codes, reasons.

Usage: python docs/render.py [--check]. With --check nothing is written and the exit code says
whether the page is up to date.
"""

import re
import sys
from pathlib import Path

from lanparty_ctrl.states import ENDPOINT_TABLE, RELAY_TABLE, render_mermaid
from lanparty_obs.codes import render_codes
from lanparty_obs.reasons import EgressDrop, HandshakeFailure, IngressDrop, PacketDrop, describe

PAGE = Path(__file__).with_name("protocol.md")


PLACES: dict[
    str, type[IngressDrop] | type[EgressDrop] | type[PacketDrop] | type[HandshakeFailure]
] = {
    "ingress": IngressDrop,
    "egress": EgressDrop,
    "packet": PacketDrop,
    "handshake": HandshakeFailure,
}


def render_reasons() -> str:
    """Render every reason to drop as a Markdown table."""
    rows = [
        f"| {place} | `{reason}` | {describe(reason)} |"
        for place, reasons in PLACES.items()
        for reason in reasons
    ]
    return "\n".join(["| where | reason | meaning |", "|---|---|---|", *rows]) + "\n"


def rendered(text: str) -> str:
    """Return the page with every generated part made anew."""
    diagrams = (
        f"The relay's view of a session:\n\n```mermaid\n{render_mermaid(RELAY_TABLE)}```\n\n"
        f"The endpoint's view:\n\n```mermaid\n{render_mermaid(ENDPOINT_TABLE)}```\n"
    )
    parts = {"states": diagrams, "codes": render_codes(), "reasons": render_reasons()}
    for name, part in parts.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", text, re.DOTALL)
        if found is None:
            raise SystemExit(f"{PAGE} has no place for {name!r}")
        text = text[: found.start()] + begin + part.rstrip("\n") + "\n" + end + text[found.end() :]
    return text


def main() -> int:
    """Write the page, or check it."""
    before = PAGE.read_text()
    after = rendered(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    PAGE.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
