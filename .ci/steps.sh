# What run.sh and test.sh share: is everything there, and if not, get it. Sourced, never run.
# Every step looks first and does nothing when nothing is missing.
# shellcheck shell=bash

readonly RUST_LEAST=1.95 NODE_LEAST=20.19

target=${CARGO_TARGET_DIR:-target}
stamps=$target/stamps

# Toolchains installed for one person are not on the path of a fresh shell.
if ! command -v cargo >/dev/null && [[ -x ${HOME:-/}/.cargo/bin/cargo ]]; then
    PATH=$HOME/.cargo/bin:$PATH
fi

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# at_least FOUND WANTED: compares versions part by part.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

need_rust() {
    local found
    if ! found=$(rustc --version 2>/dev/null); then
        say "Millrace needs Rust $RUST_LEAST or newer, and there is none. This gets it:"
        die "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env"
    fi
    found=$(cut -d ' ' -f 2 <<<"$found")
    at_least "$found" "$RUST_LEAST" && return
    say "Millrace needs Rust $RUST_LEAST or newer; this is $found. This gets it:"
    if command -v rustup >/dev/null; then
        die "    rustup update stable && rustup default stable"
    fi
    die "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env"
}

need_node() {
    local found
    found=$(node --version 2>/dev/null) || found=
    found=${found#v}
    if [[ -n $found ]] && at_least "$found" "$NODE_LEAST" && command -v npm >/dev/null; then
        return
    fi
    say "Millrace needs Node.js $NODE_LEAST or newer with npm; this machine has ${found:-none}. This gets it:"
    die "    curl -fsSL https://deb.nodesource.com/setup_22.x | sudo -E bash - && sudo apt-get install -y nodejs"
}

# need_packages NAME...: Debian's and Ubuntu's packages.
need_packages() {
    local package missing=()
    if ! command -v dpkg-query >/dev/null; then
        say "This is not Debian or Ubuntu: packages like these have to be there: $*"
        return
    fi
    for package in "$@"; do
        # What dpkg says of a package that it never saw goes to its own error output.
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            say "Packages are missing, and without sudo this script cannot install them. As root:"
            die "    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
        }
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -q >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# The front end's modules, anew only when the lock file says something else than last time.
need_modules() {
    local sum
    sum=$(sha256sum <ui/package-lock.json)
    if [[ -d ui/node_modules && -f $stamps/modules && $(<"$stamps/modules") == "$sum" ]]; then
        return
    fi
    say "Installing the front end's modules"
    npm --prefix ui ci --no-audit --no-fund --loglevel=error >&2
    mkdir -p "$stamps"
    printf '%s\n' "$sum" >"$stamps/modules"
}

# Programs of others that the peers stage talks to: in a folder of their own, anew only when a list
# of theirs says something else than last time. Sets `peers`.
need_peers() {
    local sum lists=(tests/peers/requirements.txt tests/peers/package-lock.json)
    mkdir -p "$target/peers"
    peers=$(cd "$target/peers" && pwd)
    sum=$(cat "${lists[@]}" | sha256sum)
    if [[ -d $peers/node_modules && -f $stamps/peers && $(<"$stamps/peers") == "$sum" ]]; then
        return
    fi
    say "Installing the peers"
    rm -rf "$peers/venv" "$peers/node_modules"
    python3 -m venv "$peers/venv"
    "$peers/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --requirement tests/peers/requirements.txt >&2
    cp tests/peers/package.json tests/peers/package-lock.json "$peers/"
    npm --prefix "$peers" ci --no-audit --no-fund --loglevel=error >&2
    mkdir -p "$stamps"
    printf '%s\n' "$sum" >"$stamps/peers"
}

# The front end, built only when one of its files is younger than the last build.
need_ui() {
    need_modules
    if [[ -f ui/dist/index.html && -f $stamps/ui ]]; then
        local changed
        changed=$(find ui/src ui/messages ui/project.inlang/settings.json ui/index.html \
            ui/package.json ui/package-lock.json ui/svelte.config.js ui/tsconfig.json ui/vite.config.ts \
            -name paraglide -prune -o -type f -newer "$stamps/ui" -print -quit)
        [[ -n $changed ]] || return 0
    fi
    say "Building the front end"
    mkdir -p "$stamps"
    # Marked before the build, so that a file saved meanwhile is built the next time.
    touch "$stamps/ui.begun"
    npm --prefix ui run --silent build >&2
    mv "$stamps/ui.begun" "$stamps/ui"
}
