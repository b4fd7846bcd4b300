"""What is behind `make demo`: the table, then a relay to look at, then nothing left."""

import asyncio
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from pathlib import Path

import httpx

LIMIT = 40.0


async def start(*options: str) -> Process:
    command = (sys.executable, "-m", "lanparty_sim.demo", *options)
    return await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT)


async def read_until(process: Process, text: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(LIMIT):
        while not lines or text not in lines[-1]:
            line = await process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line.decode())
    return lines


async def end(process: Process) -> str:
    async with asyncio.timeout(LIMIT):
        output, _ = await process.communicate()
    return output.decode()


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_in(line: str) -> int:
    found = re.search(r"players on 127\.0\.0\.1:(\d+)", line)
    assert found is not None, line
    return int(found[1])


async def test_once_ends_after_the_table_with_its_exit_code() -> None:
    process = await start("--once")
    output = await end(process)
    assert process.returncode == 0, output
    assert "three players and a gateway join" in output
    assert "22 passed" in output
    assert is_free(port_in(output))


async def test_it_stays_to_be_looked_at_until_it_is_interrupted() -> None:
    process = await start()
    lines = await read_until(process, "Ctrl-C ends")
    curls = [line for line in lines if line.strip().startswith("curl")]
    token_files = {Path(line.split("$(cat ")[1].split(")")[0]) for line in curls}
    (token_file,) = token_files
    headers = {"Authorization": f"Bearer {token_file.read_text().strip()}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        for line in curls:
            url = re.search(r"http://\S+", line)
            assert url is not None
            answer = await client.request("DELETE" if "DELETE" in line else "GET", url[0])
            assert answer.is_success, line
    assert "removed by the relay's operator" in (await read_until(process, "- carol"))[-1]
    process.send_signal(signal.SIGINT)
    await end(process)
    assert process.returncode == 0
    assert not token_file.parent.exists()
    assert is_free(port_in("".join(lines)))


async def test_an_interrupt_during_the_table_leaves_nothing_behind() -> None:
    process = await start()
    lines = await read_until(process, "players on")
    process.send_signal(signal.SIGTERM)
    output = await end(process)
    assert process.returncode == 130, output
    assert is_free(port_in(lines[-1]))
