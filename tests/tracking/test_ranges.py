"""Lists of address ranges: read whole or not at all, looked up as if each were asked in turn."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.platform.errors import Invalid, NotFound
from app.tracking import range_files, range_lists, ranges
from app.tracking.callers import Callers
from app.tracking.range_files import InForce
from app.tracking.ranges import RANKED, AddressClass, built_in, class_of, compiled, span_of
from app.tracking.salts import Salts

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
AMAZON = json.dumps(
    {
        "createDate": "2026-10-20-22-33-08",
        "prefixes": [{"ip_prefix": "9.10.0.0/16", "service": "EC2"}],
        "ipv6_prefixes": [{"ipv6_prefix": "2a0e:1c80::/32", "service": "EC2"}],
    }
)
GOOGLE = json.dumps(
    {
        "creationTime": "2026-10-21T10:00:00",
        "prefixes": [{"ipv4Prefix": "9.10.0.0/16"}, {"ipv6Prefix": "2a0e:1c80::/32"}],
    }
)
AZURE = json.dumps(
    {"values": [{"properties": {"addressPrefixes": ["9.10.0.0/16", "2a0e:1c80::/32"]}}]}
)
OFFICE = json.dumps(
    [
        {"id": 1, "urls": ["outlook.example"], "ips": ["9.12.0.0/16"]},
        {"id": 9, "urls": ["*.mail.protection.outlook.com"], "ips": ["9.10.0.0/16"]},
        {"id": 2, "urls": ["no.ips.example"]},
    ]
)
APPLE = "9.10.0.0/31,GB,GB-EN,London,\n2a0e:1c80::/64,US,US-CA,,\n"
PLAIN = "# ours\n\n9.10.0.0/16\n2a0e:1c80::/32 vendor\r\n9.11.0.1 people  # the office\n"


def placed(*lists: str | bytes, at: str, assumed: AddressClass | None = None) -> str | None:
    read = [
        range_lists.read(one.encode(), assumed=assumed) for one in lists if isinstance(one, str)
    ]
    table = compiled(span for one in read for span in one.spans)
    return class_of(ip_address(at), table)


def placed_at(folder: Path, address: str) -> str | None:
    """By what a process of this data folder has in force."""
    return class_of(ip_address(address), *InForce(folder).tables)


@pytest.mark.parametrize(
    ("content", "v4", "v6"),
    [
        (AMAZON, "datacenter", "datacenter"),
        (GOOGLE, "datacenter", "datacenter"),
        (AZURE, "datacenter", "datacenter"),
        (OFFICE, "security_vendor", None),
        (APPLE, "apple_relay", "apple_relay"),
        (PLAIN, "datacenter", "security_vendor"),
        ("\ufeff" + PLAIN, "datacenter", "security_vendor"),
    ],
)
def test_a_published_list_is_known_by_its_form(content: str, v4: str, v6: str | None):
    assert placed(content, at="9.10.0.1") == v4
    assert placed(content, at="2a0e:1c80::77") == v6
    assert placed(content, at="9.9.9.9") is None


def test_a_class_for_all_of_a_list_wins_over_its_form():
    assert placed(AMAZON, at="9.10.3.4", assumed=AddressClass.SECURITY_VENDOR) == "security_vendor"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "no network"),
        ("# nothing\n", "no network"),
        ("9.10.0.0/16\nnonsense\n", "Line 2: “nonsense” is no network"),
        ("9.10.0.0/16\n9.11.0.0/33\n", "Line 2: “9.11.0.0/33” is no network"),
        ("0.0.0.0/0", "Line 1: “0.0.0.0/0” is too wide"),
        ("::/0", "Line 1: “::/0” is too wide"),
        ("9.0.0.0/7", "too wide"),
        ("9.10.0.0/16 robots", "Line 1: “robots” is no class"),
        ("9.10.0.0/16\n\x00\x00", "Line 2"),
        ("{\n  'a'", "Line 2 is not JSON"),
        ('{"prefixes": 3}', "no list of ranges that we know"),
        ('{"prefixes": [3]}', "names no network"),
        ('{"prefixes": [{"region": "x"}]}', "names no network"),
        ('{"prefixes": [\n{"ip_prefix": "9.10.0.0/16"},\n{"ip_prefix": "x"}]}', "Line 3: “x”"),
        ('{"prefixes": [{"ip_prefix": null}]}', "“None” is no network"),
        ('{"values": [{"name": "x"}]}', "has no properties"),
        ("[1]", "no entry"),
        ("[]", "no network"),
        ("[" * 100_000, "nested too deep"),
        ('{"prefixes":\n' + "1" * 5_000 + "}", "thousands of digits"),
        ('{"prefixes": [{"ip_prefix": ' + "1" * 5_000 + "}]}", "thousands of digits"),
        ("9.10.0.0/16\n" * 3 + "x" * 100_000, "Line 4"),
    ],
)
def test_what_cannot_be_read_is_refused_whole_and_its_line_named(content: str, sentence: str):
    with pytest.raises(Invalid, match=sentence.replace("(", r"\(")):
        range_lists.read(content.encode(), assumed=None)


def test_bytes_that_are_no_text_are_refused_by_line():
    with pytest.raises(Invalid, match="Line 2 is not text"):
        range_lists.read(b"9.10.0.0/16\n\xff\xfe", assumed=None)


def test_a_list_is_no_longer_than_memory_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(range_lists, "MOST_NETWORKS", 3)
    for content in ("9.10.0.0/24\n" * 4, "[" + ",".join(["[]"] * 4) + "]"):
        with pytest.raises(Invalid, match="3 networks at most"):
            range_lists.read(content.encode(), assumed=None)
    with pytest.raises(Invalid, match="32 MB at most"):
        range_lists.read(b"#" * (range_lists.MOST_BYTES + 1), assumed=None)


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_given_for_a_list_is_read_or_refused_in_words(content: bytes):
    with suppress(Invalid):  # nothing else
        assert range_lists.read(content, assumed=None).spans


V4 = st.integers(0x09000000, 0x0900FFFF)
NETS = st.lists(
    st.tuples(V4, st.integers(16, 32), st.sampled_from(RANKED)), min_size=1, max_size=20
)


@settings(max_examples=200)
@given(NETS, st.lists(V4, min_size=1, max_size=20), st.booleans())
def test_a_look_up_finds_what_asking_each_network_in_turn_finds(
    told: list[tuple[int, int, AddressClass]], asked: list[int], is_v6: bool
):
    shift, more = (96, 0) if is_v6 else (0, 0)
    nets = [
        (
            ip_network(
                (IPv6Address(number << shift) if is_v6 else IPv4Address(number), bits + more),
                strict=False,
            ),
            one,
        )
        for number, bits, one in told
    ]
    table = compiled(span_of(net, one) for net, one in nets)
    again = ranges.read(ranges.written(table, []))
    edges = [int(end) for net, _ in nets for end in (net[0], net[-1])]
    numbers = [number << shift for number in asked] + edges

    for number in numbers:
        address = IPv6Address(number) if is_v6 else IPv4Address(number)
        classes = [one for net, one in nets if address in net]
        expected = max(classes, key=RANKED.index) if classes else None
        assert class_of(address, table) == class_of(address, again) == expected


def test_ends_of_the_address_space_are_looked_up():
    for net in ("255.0.0.0/8", "ffff::/16", "1.0.0.0/32", "0.0.0.0/8", "::/16"):
        network = ip_network(net)
        table = compiled([span_of(network, AddressClass.DATACENTER)])
        assert class_of(network[0], table) == class_of(network[-1], table) == "datacenter"


@pytest.mark.parametrize("damage", [b"", b"x", b"thinslice ranges 1\n{}\n"])
def test_a_damaged_file_leaves_the_old_ranges_in_force(tmp_path: Path, damage: bytes):
    file = tmp_path / "own.txt"
    file.write_text("9.10.0.0/16 vendor\n")
    range_files.update(tmp_path / "r", file, name=None, assumed=None, now=NOW)
    seen = InForce(tmp_path / "r")
    before = seen.tables
    (tmp_path / "r" / "compiled").unlink()
    (tmp_path / "r" / "compiled").write_bytes(damage)

    assert not seen.look()
    assert seen.tables == before
    assert InForce(tmp_path / "r").tables == (built_in(),)


def test_a_cut_off_file_is_not_read():
    whole = ranges.written(built_in(), [])

    for end in (len(whole) - 1, len(whole) // 2, 30):
        with pytest.raises(ValueError, match=r"not a file|cut off|delimiter|Unterminated|value"):
            ranges.read(whole[:end])


def test_a_process_notices_a_new_list_and_keeps_the_old_one_when_the_next_is_bad(tmp_path: Path):
    folder, file = tmp_path / "ranges", tmp_path / "own.txt"
    callers = Callers(trusted_proxies=(), salts=Salts(tmp_path / "salts"), ranges=InForce(folder))
    seen = [callers.of("9.10.3.4", "", day=1).address_class]
    file.write_text("9.10.0.0/16 vendor\n")
    range_files.update(folder, file, name="own", assumed=None, now=NOW)
    callers.look_for_ranges()
    seen.append(callers.of("9.10.3.4", "", day=1).address_class)
    file.write_text("9.10.0.0/16 datacenter\nnonsense\n")
    with pytest.raises(Invalid, match="Line 2"):
        range_files.update(folder, file, name="own", assumed=None, now=NOW)
    callers.look_for_ranges()
    seen.append(callers.of("9.10.3.4", "", day=1).address_class)
    range_files.remove(folder, "own")
    callers.look_for_ranges()
    seen.append(callers.of("9.10.3.4", "", day=1).address_class)

    assert seen == ["residential", "security_vendor", "security_vendor", "residential"]
    with pytest.raises(NotFound):
        range_files.remove(folder, "own")


def test_lists_add_up_and_what_is_said_of_people_wins(tmp_path: Path):
    for name, content in {
        "cloud.json": AMAZON,
        "gateway.txt": "9.10.7.0/24 vendor",
        "office.txt": "9.10.7.9 people",
    }.items():
        (tmp_path / name).write_text(content)
        range_files.update(
            tmp_path / "r", tmp_path / name, name=None, assumed=None, now=NOW + timedelta(days=1)
        )
    tables = InForce(tmp_path / "r").tables

    assert class_of(ip_address("9.10.1.1"), *tables) == "datacenter"
    assert class_of(ip_address("9.10.7.1"), *tables) == "security_vendor"
    assert class_of(ip_address("9.10.7.9"), *tables) == "residential"
    assert [one.name for one in range_files.sources(tmp_path / "r")] == [
        "cloud.json",
        "gateway.txt",
        "office.txt",
    ]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "compiled", "x" * 65, "ü"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str):
    file = tmp_path / "own.txt"
    file.write_text("9.10.0.0/16\n")

    with pytest.raises(Invalid, match="is no name"):
        range_files.update(tmp_path / "r", file, name=name, assumed=None, now=NOW)


def test_old_lists_are_told(tmp_path: Path):
    (tmp_path / "cloud.json").write_text(AMAZON)
    range_files.update(tmp_path / "r", tmp_path / "cloud.json", name=None, assumed=None, now=NOW)
    found = range_files.sources(tmp_path / "r")

    assert range_files.stale_in_words(found, now=datetime(2026, 12, 19, tzinfo=UTC)) == ""
    told = range_files.stale_in_words(found, now=datetime(2026, 12, 20, tzinfo=UTC))
    assert "cloud.json of 2026-10-20" in told
    assert "2026-10-20 (2 networks)" in range_files.in_words(found)
    assert range_files.stale_in_words([], now=NOW) == ""
    assert "Only the address ranges of this release" in range_files.stale_in_words(
        [], now=NOW + timedelta(days=61)
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("40.94.12.1", "security_vendor"),
        ("2a01:111:f403:c000::5", "security_vendor"),
        ("207.211.30.9", "security_vendor"),
        ("34.200.1.1", "datacenter"),
        ("2600:1f00::1", "datacenter"),
        ("8.8.8.8", None),
        ("172.224.226.1", None),
    ],
)
def test_the_built_in_table_knows_the_largest(address: str, expected: str | None):
    assert class_of(ip_address(address), built_in()) == expected


def test_a_callers_key_says_address_and_network_and_neither_can_be_turned_back(tmp_path: Path):
    callers = Callers(
        trusted_proxies=(), salts=Salts(tmp_path / "salts"), ranges=InForce(tmp_path / "none")
    )
    one, same, near, far = (
        callers.of(address, "", day=1).key
        for address in ("9.10.3.4", "::ffff:9.10.3.4", "9.10.3.5", "9.10.4.4")
    )
    home, household, street = (
        callers.of(address, "", day=1).key
        for address in ("2a0e:1c80:1:2::1", "2a0e:1c80:1:2:ff::9", "2a0e:1c80:1:3::1")
    )

    assert one == same != near
    assert one[:16] == near[:16] != far[:16]
    assert home == household != street
    assert home[:16] == street[:16]
    assert callers.of("9.10.3.4", "", day=2).key[:16] != one[:16]


@pytest.mark.parametrize("limit", ["_MOST_LISTS", "_MOST_NETWORKS"])
def test_lists_together_are_no_more_than_memory_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
):
    monkeypatch.setattr(range_files, limit, 2)
    folder, file = tmp_path / "r", tmp_path / "one.txt"
    file.write_text("9.10.0.0/16")
    for name in ("a", "b", "b"):  # a newer one in the place of another is no more
        range_files.update(folder, file, name=name, assumed=AddressClass.DATACENTER, now=NOW)

    with pytest.raises(Invalid, match="enough: remove one first"):
        range_files.update(folder, file, name="c", assumed=AddressClass.DATACENTER, now=NOW)

    assert [one.name for one in range_files.sources(folder)] == ["a", "b"]
