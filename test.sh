#!/usr/bin/env bash
# Everything that must hold before a change lands; .ci/run calls this. Installs what it needs.
#   ./test.sh           everything
#   ./test.sh --quick   without the real window
# Pictures and logs are kept in artefacts/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=.ci/steps.sh
. .ci/steps.sh

is_quick=false
case ${1:-} in
'') ;;
--quick) is_quick=true ;;
*) die "usage: ./test.sh [--quick]" ;;
esac

# How long each fuzz target runs: whichever comes first.
readonly FUZZ_RUNS=${FUZZ_RUNS:-200000} FUZZ_SECONDS=${FUZZ_SECONDS:-15}
readonly artefacts=$PWD/artefacts
rm -rf "$artefacts"
mkdir -p "$artefacts"
closing=()

# Nothing of an unattended run is compiled twice, so what incremental builds write is waste.
[[ ${CI:-} != true ]] || export CARGO_INCREMENTAL=0

# stage NAME COMMAND...: runs it, says how long it took, and stops everything when it fails. Its
# output stays on the screen and among the artefacts.
stage() {
    local name=$1 start=$SECONDS status=0
    shift
    printf '\n== %s\n' "$name"
    # A subshell with its own -e: in a condition bash would go on after a failed line.
    set +e
    (
        set -e
        "$@"
    ) 2>&1 | tee "$artefacts/${name// /-}.log"
    status=${PIPESTATUS[0]}
    set -e
    if ((status != 0)); then
        printf '\nFAILED at stage "%s" after %d s (exit %d)\n' "$name" $((SECONDS - start)) "$status"
        exit 1
    fi
    printf '== %s: %d s\n' "$name" $((SECONDS - start))
}

# keep NAME PATTERN: remembers the last line of a stage that matches, for the end.
keep() {
    local line
    line=$(sed 's/\x1b\[[0-9;]*m//g' "$artefacts/${1// /-}.log" | grep -E "$2" | tail -n 1) || line=
    closing+=("$line")
}

# keep_tests: nextest's own summary, or the sum of what each of cargo's runners said.
keep_tests() {
    local log=$artefacts/tests.log
    if grep -q '^ *Summary ' <(sed 's/\x1b\[[0-9;]*m//g' "$log"); then
        keep tests '^ *Summary '
    else
        closing+=("$(awk '/^test result:/ { passed += $4; failed += $6 }
            END { printf "%d passed, %d failed", passed, failed }' "$log")")
    fi
}

prerequisites() {
    need_rust
    need_node
    rustc --version
    printf 'node %s\n' "$(node --version)"
}

packages() {
    local names=(build-essential pkg-config libwebkit2gtk-4.1-dev python3-venv)
    $is_quick || names+=(webkit2gtk-driver xvfb xauth)
    need_packages "${names[@]}"
}

# The same rules twice where cargo-deny is there: building it for one run would cost more than all it checks.
supply() {
    python3 -B tests/supply/test_supply.py
    python3 -B .ci/supply.py check
    python3 -B .ci/supply.py sbom "$artefacts/sbom.json"
    if command -v cargo-deny >/dev/null; then
        cargo deny check licenses bans sources
    else
        say "cargo-deny is not installed (cargo install --locked cargo-deny gets it): its rules were read by .ci/supply.py"
    fi
}

ui_lint() { npm --prefix ui run --silent lint; }
ui_types() { npm --prefix ui run --silent check; }
ui_tests() { npm --prefix ui run --silent test; }
ui_size() { npm --prefix ui run --silent size; }

lint() { cargo clippy --locked --workspace --all-targets -- -D warnings; }

# The programs first: tests start them as processes of their own.
build() { cargo build --locked --workspace --bins; }

rust_tests() {
    if command -v cargo-nextest >/dev/null; then
        cargo nextest run --locked --workspace --no-fail-fast
    else
        cargo test --locked --workspace --no-fail-fast
    fi
}

# The addon for Odoo on a stand-in for it; needs nothing but Python. -B: no byte code among the assets.
# The real process behind a bad network before the ERP, killed again and again; docs/testing.md tells more.
readonly ERP_RUNS=${ERP_RUNS:-1000} ERP_SEED=${ERP_SEED:-20261127}
erp_campaign() { timeout 1200 "$target/debug/campaign" erp --runs "$ERP_RUNS" --seed "$ERP_SEED"; }

odoo_addon() { python3 -B tests/odoo_addon/test_posting.py; }

# The drivers and the virtual plant beside programs that are not ours.
peers() {
    local programs
    need_peers
    programs=$(cd "$target/debug" && pwd)
    MILLRACE_PEERS_PYTHON=$peers/venv/bin/python \
        MILLRACE_PEERS_NODE_MODULES=$peers/node_modules \
        MILLRACE_PEERS_PLANT=$programs/millrace-plant \
        MILLRACE_PEERS_SCRIPTS=$PWD/tests/peers \
        timeout 300 "$programs/millrace-peers-test"
}

readonly fuzz_targets=(fins_frame fins_tcp_stream modbus_answer register_map)

need_cargo_fuzz() {
    [[ ! -x $target/tools/bin/cargo-fuzz ]] || return 0
    cargo install --locked --root "$target/tools" --version '~0.13' cargo-fuzz
}

# Sanitizers are unstable options of the compiler, so the stable one is asked to allow them.
fuzz_build() {
    need_cargo_fuzz
    cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
    cargo metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null ||
        die "tests/fuzz/Cargo.lock is behind; the same command without --locked refreshes it"
    RUSTC_BOOTSTRAP=1 "$target/tools/bin/cargo-fuzz" build \
        --fuzz-dir tests/fuzz --target-dir "$target/fuzz"
}

# Each target for a short while, with what earlier runs found interesting. An input that fails is
# kept among the artefacts; docs/testing.md tells how to run one again, and how to run for long.
fuzz() {
    local host name corpus programs
    host=$(rustc -vV | sed -n 's/^host: //p')
    programs=$target/fuzz/$host/release
    for name in "${fuzz_targets[@]}"; do
        corpus=$target/fuzz/corpus/$name
        mkdir -p "$corpus" "$artefacts/fuzz"
        local log=$artefacts/fuzz/$name.log options=()
        [[ ! -f tests/fuzz/$name.dict ]] || options+=("-dict=tests/fuzz/$name.dict")
        if ! timeout 120 "$programs/$name" -runs="$FUZZ_RUNS" -max_total_time="$FUZZ_SECONDS" \
            -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=16 -max_len=8192 -print_final_stats=1 \
            -artifact_prefix="$artefacts/fuzz/$name-" "${options[@]}" \
            "$corpus" "tests/fuzz/seeds/$name" >"$log" 2>&1; then
            tail -n 60 "$log"
            return 1
        fi
        printf '%s: %s inputs, %s MiB at most\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
            "$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")"
    done
}

need_driver() {
    driver=$PWD/$target/tools/bin/tauri-driver
    [[ $target != /* ]] || driver=$target/tools/bin/tauri-driver
    [[ ! -x $driver ]] || return 0
    local installed
    installed=$(cargo install --list)
    if grep -q '^tauri-driver v2\.1\.' <<<"$installed"; then
        driver=$(command -v tauri-driver) && return
    fi
    cargo install --locked --root "$target/tools" --version '~2.1' tauri-driver
}

window() {
    local driver programs
    need_driver
    programs=$(cd "$target/debug" && pwd)
    MILLRACE_WINDOW_APP=$programs/millrace \
        MILLRACE_WINDOW_DRIVER=$driver \
        MILLRACE_WINDOW_NATIVE_DRIVER=$(command -v WebKitWebDriver) \
        MILLRACE_WINDOW_ARTEFACTS=$artefacts/window \
        timeout 900 xvfb-run -a -s '-screen 0 1366x768x24' "$programs/millrace-window-test"
}

stage prerequisites prerequisites
stage packages packages
stage format cargo fmt --all --check
stage supply supply
stage 'ui modules' need_modules
stage 'ui build' need_ui
stage 'ui lint' ui_lint
stage 'ui types' ui_types
stage 'ui tests' ui_tests
keep 'ui tests' '^ *Tests '
stage 'ui size' ui_size
stage lint lint
stage build build
stage tests rust_tests
keep_tests
stage 'erp campaign' erp_campaign
keep 'erp campaign' '^[0-9]+ runs '
stage 'odoo addon' odoo_addon
stage peers peers
keep peers '^[0-9]+ passed, [0-9]+ failed$'
stage 'fuzz build' fuzz_build
stage fuzz fuzz
if $is_quick; then
    say "SKIPPED: the real window (--quick)"
else
    stage window window
    keep window '^[0-9]+ passed, [0-9]+ failed$'
fi

printf '\nAll stages passed in %d s. The runners said:\n' "$SECONDS"
printf '%s\n' "${closing[@]}"
