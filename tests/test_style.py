# SPDX-License-Identifier: GPL-2.0-only
"""What `make check-style` has clang-format look for (tests/check-format)."""

import shutil
import subprocess

import pytest

from conftest import TOP

GOOD = """#include <glib.h>

static int add(int a, int b)
{
	static const int packed[] = { 1, 2,
				      3 };
	int sum = a + b;	/* in a column */

	if (sum)
		return (int)sum +
		       packed[0];
	return 0;
}
"""


def found(folder, text):
    if not shutil.which("clang-format"):
        pytest.skip("clang-format is not installed")
    (folder / "new.c").write_text(text)
    result = subprocess.run([TOP / "tests" / "check-format", folder / "new.c"], capture_output=True, text=True)
    assert result.returncode == bool(result.stdout), result.stderr
    return result.stdout.replace(f"check-format: {folder}/", "").splitlines()


@pytest.mark.parametrize("old, new, says", [
    ("", "", []),
    ("int a, int b", "int a,int b", ["new.c:3: static int add(int a, int b)"]),
    ("a + b", "a+b", ["new.c:7: int sum = a + b; /* in a column */"]),
    ("if (sum)", "if(sum)", ["new.c:9: if (sum)"]),
    ("(int)sum", "(int) sum", ["new.c:10: return (int)sum +"]),
    ("\tif (sum)", "\t\tif (sum)", ["new.c:9: indentation"]),
    # Where lines are broken, and how what is broken goes on, is the author's.
    ("1, 2,\n\t\t\t\t      3", "1,\n\t\t2, 3", []),
    ("\n\t\t       packed", " packed", []),
])
def test_what_counts(tmp_path, old, new, says):
    assert found(tmp_path, GOOD.replace(old, new, 1) if old else GOOD) == says
