"""setup-host: the computer that runs the gateway becomes reachable from the room."""

__all__ = ["set_up_host"]


def set_up_host(
    interface: str, *, undo: bool = False, plan_only: bool = False, persist: bool = True
) -> int:
    """See `lanparty_gateway.host.command.set_up_host`, which is loaded when it is called."""
    from lanparty_gateway.host import command

    return command.set_up_host(interface, undo=undo, plan_only=plan_only, persist=persist)
