#!/usr/bin/env bash
# Opens Millrace on the demo plant: installs what is missing, builds what changed, starts.
#   ./run.sh                 the window
#   ./run.sh --headless      the same in a browser; prints the address
#   ./run.sh --config FILE   your own plant instead of the demo
# Everything else goes to the program as it is; ./run.sh --help shows what it knows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=.ci/steps.sh
. .ci/steps.sh

is_headless=false own_plant=false own_speed=false
arguments=()
for argument in "$@"; do
    case $argument in
    --headless)
        is_headless=true
        continue
        ;;
    --demo) continue ;;
    --config | --config=*) own_plant=true ;;
    --demo-speed | --demo-speed=*) own_speed=true ;;
    esac
    arguments+=("$argument")
done
$own_plant || arguments=(--demo "${arguments[@]}")
# The plant's physics only: our clock stays real, and three minutes suffice for a batch.
$own_plant || $own_speed || arguments=(--demo-speed 5 "${arguments[@]}")

if ! $is_headless && [[ -z ${DISPLAY:-} && -z ${WAYLAND_DISPLAY:-} ]]; then
    say "There is no display to open a window on. The same product in a browser:"
    die "    ./run.sh --headless"
fi

need_rust
need_node
if $is_headless; then
    need_packages build-essential pkg-config
    need_ui
    cargo build --locked --package millrace-http --features ui --bin millrace-headless
    exec "$target/debug/millrace-headless" "${arguments[@]}"
fi
need_packages build-essential pkg-config libwebkit2gtk-4.1-dev
need_ui
cargo build --locked --package millrace
exec "$target/debug/millrace" "${arguments[@]}"
