"""The face that client and gateway share: state directory, local control socket, doctor, report."""
