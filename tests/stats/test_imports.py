import subprocess
import sys


def test_importing_the_room_imports_no_heavy_library():
    program = (
        "import sys, app.stats.one_arm, app.stats.power, app.stats.guardrails;"
        "import app.stats.two_arm, app.stats.differences, app.stats.ratio;"
        "import app.stats.srm, app.stats.multiplicity, app.stats.bayes;"
        "heavy = {'scipy', 'pandas', 'matplotlib', 'statsmodels', 'numpy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
