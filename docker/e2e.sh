#!/usr/bin/env bash
# Builds the images, runs the end-to-end profile of compose.yaml, removes what it made, and ends
# with the scenario's exit code. Arguments go to `docker compose`: -f FILE lays another file on top.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PROJECT=${SOFTLAN_E2E_PROJECT:-softlan-e2e}

# Two runs at a time, and a relay that serves here already, don't meet.
free_port() {
    local port
    while port=$((20000 + RANDOM)); do
        grep -qi ":$(printf %04X "$port") " /proc/net/udp /proc/net/udp6 2>/dev/null || break
    done
    echo "$port"
}
SOFTLAN_PORT=$(free_port)
export SOFTLAN_PORT SOFTLAN_PUBLIC_HOST=127.0.0.1 SOFTLAN_E2E_BRIDGE=sle2e$SOFTLAN_PORT

compose() {
    docker compose --project-name "$PROJECT" --project-directory . --env-file /dev/null \
        -f compose.yaml -f docker/e2e.yaml "${extra[@]}" --profile e2e "$@"
}
extra=("$@")

clean_up() { compose down --volumes --remove-orphans --timeout 3 >/dev/null 2>&1 || true; }

if ! { docker compose version && docker info; } >/dev/null 2>&1; then
    echo "e2e: no Docker engine with Compose answers. Where no image registry can be reached either," \
        "docker/without-registry.sh makes both." >&2
    exit 1
fi

trap clean_up EXIT
clean_up # An earlier run may have been killed.
echo "e2e: building the images"
compose build --quiet
code=0
compose up --no-build --attach e2e --no-log-prefix --exit-code-from e2e || code=$?
if ((code)); then
    echo "e2e: failed with exit code $code; the logs of the others:" >&2
    compose logs --no-color relay bystander-1 bystander-2 bystander-3 player-1 player-2 \
        e2e-gateway lan-host >&2
fi
exit "$code"
