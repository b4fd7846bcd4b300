"""The settings of `lanparty-gateway doctor`."""

from lanparty_endpoint.doctor_settings import ExaminedRelaySettings
from lanparty_gateway.session_settings import RuntimeDirectory

__all__ = ["GatewayDoctorSettings"]


class GatewayDoctorSettings(ExaminedRelaySettings):
    """`lanparty-gateway doctor`."""

    runtime_dir: RuntimeDirectory = None
