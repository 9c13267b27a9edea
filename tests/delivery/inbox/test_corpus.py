"""Public samples of bounces: flufl.bounce's (Apache-2), each one's verdict a test.

Its source is fetched, and stays its own: only what each sample comes to stands here.
"""

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from app.delivery.inbox import reading
from app.delivery.inbox.reading import What

_OTHERS = {
    What.FULL: (
        "hotpop_01 newmailru_01 postfix_04 qmail_06 simple_01 simple_07 simple_09 simple_14"
        " simple_38 simple_45 yahoo_02 yahoo_04"
    ),
    What.REFUSED: (
        "bounce_03 dsn_02 dsn_03 groupwise_02 postfix_05 qmail_07 sendmail_01 simple_42"
        " simple_44 yahoo_01"
    ),
    What.NOTHING: (
        "dsn_05 dsn_06 dsn_07 dsn_08 dsn_17 simple_03 simple_21 simple_22 simple_28 simple_35"
        " simple_40"
    ),
    What.AUTO_REPLY: "bounce_01 dumbass_01 qmail_08",  # the first two name nobody
    What.REPLY: "groupwise_03 simple_43",
}
VERDICTS = {name: what for what, names in _OTHERS.items() for name in names.split()}
_SAMPLES = 117


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """By name. Whoever works without a network goes on without them; CI does not."""
    folder = tmp_path_factory.mktemp("corpus")
    own = ["--no-binary", "flufl.bounce"]  # what builds it may come built
    asked = ["download", "-q", "--no-deps", *own, "-d", str(folder)]
    wanted = f"flufl.bounce=={version('flufl.bounce')}"
    done = subprocess.run(
        [sys.executable, "-m", "pip", *asked, wanted], capture_output=True, text=True, check=False
    )
    if done.returncode:
        if os.environ.get("CI"):
            pytest.fail(done.stderr)
        pytest.skip("the samples could not be fetched")
    [file] = folder.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        return {
            Path(one.name).stem: archive.extractfile(one).read()  # type: ignore[union-attr]  # files
            for one in archive
            if "/tests/data/" in one.name and one.name.endswith(".txt")
        }


def test_each_public_sample_comes_to_what_it_says(samples: Mapping[str, bytes]):
    found = {name: reading.read(raw) for name, raw in samples.items()}
    wrong = {
        name: said for name, said in found.items() if said.what is not VERDICTS.get(name, What.GONE)
    }

    assert len(samples) == _SAMPLES
    assert set(VERDICTS) <= set(samples)
    assert wrong == {}
    assert not any("@" in said.words for said in found.values())
