"""The check of licences and sources can fail: rules that are broken are found. Run by test.sh."""

import importlib.util
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / ".ci/supply.py"
SPEC = importlib.util.spec_from_file_location("supply", SCRIPT)
supply = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(supply)

FREE = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Zlib"}


def crate(**changes):
    return {"name": "good", "version": "1.0.0", "license": "MIT", "source": "registry+x", **changes}


def module(**changes):
    return {"name": "fine", "version": "1.0.0", "license": "MIT", "integrity": "sha512-AA==", **changes}


class Expressions(unittest.TestCase):
    def test_one_free_choice_is_enough_and_every_part_of_an_and_must_be_free(self):
        for text, is_free in [
            ("MIT", True),
            ("GPL-3.0-only", False),
            ("MIT OR GPL-3.0-only", True),
            ("MIT/Apache-2.0", True),
            ("MIT AND GPL-3.0-only", False),
            ("GPL-3.0-only OR MIT AND Zlib", True),
            ("(MIT OR GPL-3.0-only) AND SSPL-1.0", False),
            ("Apache-2.0 WITH LLVM-exception", True),
            ("Zlib WITH LLVM-exception", False),
            ("", False),
        ]:
            self.assertEqual(supply.is_allowed(text, FREE), is_free, text)


class Faults(unittest.TestCase):
    def judged(self, crates, modules):
        was = supply.crates, supply.modules
        supply.crates, supply.modules = (lambda: crates), (lambda: modules)
        try:
            return supply.check()
        finally:
            supply.crates, supply.modules = was

    def test_a_clean_list_passes(self):
        self.assertTrue(self.judged([crate()], [module()]))

    def test_each_broken_rule_is_found(self):
        for crates, modules in [
            ([crate(license="GPL-3.0-only")], []),
            ([crate(license=None)], []),
            ([crate(name="openssl-sys")], []),
            ([crate(source="git+https://example.invalid/x")], []),
            ([crate(source=None)], []),
            ([], [module(license="AGPL-3.0")]),
            ([], [module(license=None)]),
            ([], [module(integrity="sha1-AA==")]),
        ]:
            self.assertFalse(self.judged(crates, modules), (crates, modules))


if __name__ == "__main__":
    unittest.main(argv=["test_supply", "-q"])
