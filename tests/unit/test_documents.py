"""The documents say what the code says."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_rendered_parts_of_the_protocol_page_are_up_to_date() -> None:
    check = subprocess.run([sys.executable, ROOT / "docs/render.py", "--check"], check=False)
    assert check.returncode == 0, "run: make docs"


def test_every_link_within_the_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
