"""How the preflight's results are made: each names its finding for programs. Pure."""

from lanparty_endpoint.doctor import CheckResult, Outcome
from lanparty_gateway.preflight.checks import Finding, PreflightCheck

__all__ = ["failed", "fine", "not_looked_at", "warning"]


def fine(check: PreflightCheck, figure: str, **details: object) -> CheckResult:
    """Make a result that is OK."""
    return _result(check, Outcome.OK, Finding.FINE, figure, "", details)


def warning(
    check: PreflightCheck, finding: Finding, figure: str, advice: str, **details: object
) -> CheckResult:
    """Make a result that is worth knowing."""
    return _result(check, Outcome.WARNING, finding, figure, advice, details)


def failed(
    check: PreflightCheck, finding: Finding, figure: str, advice: str, **details: object
) -> CheckResult:
    """Make a result with which nothing must be bridged."""
    return _result(check, Outcome.FAILED, finding, figure, advice, details)


def not_looked_at(check: PreflightCheck, figure: str) -> CheckResult:
    """Make a result of a check for which there was nothing to look at."""
    return _result(check, Outcome.SKIPPED, Finding.NOT_LOOKED_AT, figure, "", {})


def _result(
    check: PreflightCheck,
    outcome: Outcome,
    finding: Finding,
    figure: str,
    advice: str,
    details: dict[str, object],
) -> CheckResult:
    return CheckResult(
        check=check,
        outcome=outcome,
        figure=figure,
        advice=advice,
        details={"finding": finding.value, **details},
    )
