#!/usr/bin/env python3
"""What this program is made of, from the two lock files.

    supply.py check          licences, banned crates and sources against deny.toml
    supply.py sbom FILE      writes a bill of materials (CycloneDX 1.5, JSON)

`cargo deny` checks the same and more where it is installed; this runs everywhere, with the same rules,
and covers the front end's modules too. Needs nothing but Python's own library.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = tomllib.loads((ROOT / "deny.toml").read_text())
REGISTRY = "registry+"
# Modules whose own package.json names no licence, and what the text beside it or their parent says.
NAMED_INSIDE = {"@inlang/plugin-message-format": "MIT", "@lix-js/sdk-linux-x64": "MIT"}
# Licences that only the front end's tools and its font carry: free as well, and none asks anything of ours.
WEB_TOOLS = {"OFL-1.1", "0BSD", "BSD-2-Clause", "BlueOak-1.0.0", "CC0-1.0", "CC-BY-4.0", "MIT-0", "Python-2.0"}


def cargo(platform):
    """The packages that a build for one platform can reach, by id, and the root packages' ids."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", platform]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    packages = {package["id"]: package for package in found["packages"]}
    edges = {node["id"]: [dep["pkg"] for dep in node["deps"]] for node in found["resolve"]["nodes"]}
    reached, waiting = set(), list(found["workspace_members"])
    while waiting:
        package = waiting.pop()
        if package not in reached:
            reached.add(package)
            waiting.extend(edges.get(package, []))
    return {key: packages[key] for key in reached}, set(found["workspace_members"])


def crates():
    """Every crate of every platform that deny.toml names, without our own, in a fixed order."""
    everything = {}
    for platform in RULES["graph"]["targets"]:
        reached, own = cargo(platform)
        everything.update({key: package for key, package in reached.items() if key not in own})
    return sorted(everything.values(), key=lambda package: (package["name"], package["version"]))


def modules():
    """Every module of the front end and of its tools, as the lock file pins it. Builds for machines that we
    do not build on stand there by name only, optional and without a checksum: npm never fetches them."""
    lock = json.loads((ROOT / "ui/package-lock.json").read_text())
    rows = {}
    for place, module in lock["packages"].items():
        is_name_only = module.get("optional") and "integrity" not in module
        if place and not module.get("link") and not is_name_only:
            name = place.rsplit("node_modules/", 1)[-1]
            licence = module.get("license") or NAMED_INSIDE.get(name)
            # One version may stand in several folders.
            rows[name, module["version"]] = {**module, "name": name, "license": licence}
    return sorted(rows.values(), key=lambda module: (module["name"], module["version"]))


def is_allowed(expression, allowed):
    """Evaluates an SPDX expression: AND binds tighter than OR. A slash is the old way to say OR."""
    words = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either(at):
        verdict, at = both(at)
        while at < len(words) and words[at].upper() == "OR":
            other, at = both(at + 1)
            verdict = verdict or other
        return verdict, at

    def both(at):
        verdict, at = one(at)
        while at < len(words) and words[at].upper() == "AND":
            other, at = one(at + 1)
            verdict = verdict and other
        return verdict, at

    def one(at):
        if words[at] == "(":
            verdict, at = either(at + 1)
            return verdict, at + 1
        name, at = words[at], at + 1
        if at + 1 < len(words) and words[at].upper() == "WITH":
            name, at = f"{name} WITH {words[at + 1]}", at + 2
        return name in allowed, at

    return bool(words) and either(0)[0]


def check():
    """Prints what breaks a rule; true when nothing does."""
    allowed = set(RULES["licenses"]["allow"])
    exceptions = {row["crate"]: set(row["allow"]) for row in RULES["licenses"].get("exceptions", [])}
    banned = {row["crate"]: row["reason"] for row in RULES["bans"]["deny"]}
    faults = []
    rust, web = crates(), modules()
    for package in rust:
        name = f"{package['name']} {package['version']}"
        mine = allowed | exceptions.get(package["name"], set())
        if not is_allowed(package["license"] or "", mine):
            faults.append(f"{name}: licence {package['license'] or 'not named'}")
        if package["name"] in banned:
            faults.append(f"{name}: banned: {banned[package['name']]}")
        if not (package["source"] or "").startswith(REGISTRY):
            faults.append(f"{name}: source {package['source']}")
    # Tools of the build are not shipped, and the lock file does not tell which modules end in the bundle.
    for module in web:
        name = f"{module['name']} {module['version']}"
        if not is_allowed(module["license"] or "", allowed | WEB_TOOLS):
            faults.append(f"{name} (npm): licence {module['license'] or 'not named'}")
        if not module.get("integrity", "").startswith("sha512-"):
            faults.append(f"{name} (npm): no sha512 in the lock file")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(rust)} crates and {len(web)} npm modules looked at, {len(faults)} break a rule")
    return not faults


def sbom(target):
    """Writes the bill of materials. The same lock files give the same bytes."""
    components = []
    checksums = {
        (package["name"], package["version"]): package.get("checksum")
        for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    }
    for package in crates():
        row = component("cargo", package["name"], package["version"], package["license"])
        checksum = checksums.get((package["name"], package["version"]))
        if checksum:
            row["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        components.append(row)
    for module in modules():
        row = component("npm", module["name"], module["version"], module["license"])
        row["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(module["integrity"][7:]).hex()}]
        components.append(row)
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "millrace", "name": "millrace", "version": version}},
        "components": components,
    }
    content = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
    body["serialNumber"] = f"urn:uuid:{uuid.UUID(bytes=content[:16], version=4)}"
    refs = [row["bom-ref"] for row in components]
    if len(refs) != len(set(refs)) or not all(row["hashes"] for row in components):
        sys.exit("the bill of materials is not whole: a part stands twice or has no checksum")
    Path(target).write_text(json.dumps(body, indent=1) + "\n")
    print(f"{len(components)} parts")


def component(kind, name, version, licence):
    """A row of the bill."""
    url = name.replace("@", "%40") if kind == "npm" else name
    ref = f"pkg:{kind}/{url}@{version}"
    row = {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref}
    if licence:
        row["licenses"] = [{"expression": licence.replace("/", " OR ")}]
    return row


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit(0 if check() else 1)
    elif len(sys.argv) == 3 and sys.argv[1] == "sbom":
        sbom(sys.argv[2])
    else:
        sys.exit(__doc__)
