"""Private values in every text of every system: none is found in any file of a recording."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.recordings import KEY, RECORDINGS, documents, heard, recorded

from pypowerwall_core.backends.local import tesla_pb2
from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.recording import folder, jsontext, protobuf
from pypowerwall_core.recording.heard import VITALS, Heard, Redacted, redacted, suspicious
from pypowerwall_core.recording.keys import PRIVATE as PRIVATE_KINDS
from pypowerwall_core.recording.keys import kind_of
from simulator.recording import load
from simulator.systems import SYSTEMS

WORD = r"(?:[^\W_]|[^\x00-\x7f])+"
PRIVATE = [
    "TG121048001AB1",
    "1232100-00-E--TG121048001AB1",
    "TETHC--3012170-05-B--TG121048001AB1",
    "JBL21048009977synchrometerY",
    "ST20K0007654329",
    "Jane Wintersmith",
    "Wintersmith_5G",
    "WintersmithFamily",
    "Señora Núñez",
    "北京的家",
    "🏡 Ponderosa",
    "1428 Elmwood Avenue",
    "Springwood, OH 45501",
    "jane.wintersmith@posteo.example.org",
    "+1 (650) 555-0143",
    "06 12 34 56 78",
    "0049-171-5550143",
    "192.168.178.23",
    "192.168.178.23:8443",
    "fd12:3456:789a::dead:beef",
    "fe80::a2b3:c4ff:fed5:e6f7",
    "a0:b3:cc:d5:e6:f7",
    "A0-B3-CC-D5-E6-F7",
    "a0b3ccd5e6f7",
    "powerwall-wintersmith.fritz.box",
    "https://wintersmith.example.net/u?id=4711",
    "8f14e45fceea167a5a36dedd4bea2543",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl",
    "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A1NDMyMQ==",
    "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0\n-----END PRIVATE KEY-----",
    "zebra horse battery staple",
    "37.774929,-122.419416",
    "9f3c2d1e-5b6a-4c7d-8e9f-0a1b2c3d4e5f",
    '[{"name":"owner","value":"Wintersmith"}]',
    '{"ssid":"Wintersmith_5G","bssid":"a0:b3:cc:d5:e6:f7"}',
]
_TALK = """
    name value ssid bssid owner private key begin end battery synchrometery powerwall https 1232100
    3012170 tethc
"""
OF_THE_GATEWAY = frozenset(_TALK.split())
"""What is no secret in them: words and parts that gateways have of themselves."""


def pieces(value: str) -> set[str]:
    """What tells of somebody: the long words of a value, and any seven signs of its serials."""
    found = {
        word
        for word in re.findall(WORD, value.lower())
        if (len(word) >= 4 or not word.isascii()) and word not in OF_THE_GATEWAY
    }
    windows = {
        word[at : at + 7]
        for word in found
        if any(map(str.isdigit, word)) and len(word) > 7
        for at in range(len(word) - 6)
        if any(map(str.isdigit, word[at : at + 7]))
    }
    return found | windows


def all_of(path: Path) -> str:
    """Every file of a folder, and the names of files, in small letters."""
    files = sorted(path.iterdir())
    texts = [file.read_bytes().decode("utf-8", "replace") for file in files]
    return "\n".join([*(file.name for file in files), *texts]).lower()


def survivors(value: str, text: str) -> set[str]:
    """The pieces of a value that a text still holds, as words or, if they are long, anywhere."""
    words = _words(text)
    return {
        piece for piece in pieces(value) if piece in words or (len(piece) > 6 and piece in text)
    }


@lru_cache(maxsize=2)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(WORD, text))


def with_texts(answer: Heard, plant: Callable[[str, str], str]) -> Heard:
    """An answer in which every text is another; numbers, and names of fields, are as they were."""

    def text(key: str, value: str) -> str:
        return value if isinstance(value, jsontext.Number) else plant(key, value)

    if answer.is_vitals:
        return replace(answer, body=protobuf.mapped(answer.body, text, lambda name: name))
    try:
        document = jsontext.loads(answer.body.decode())
    except ValueError:
        return replace(answer, body=plant("", answer.body.decode()).encode())
    changed = jsontext.mapped(document, text, str)
    return replace(answer, body=jsontext.dumps(changed).encode())


@cache
def every_answer() -> tuple[Heard, ...]:
    """What all systems say; of answers that have the same fields, one."""
    found = {(one.path, _fields(one)): one for system in SYSTEMS for one in heard(system)}
    return tuple(found.values())


def _fields(answer: Heard) -> frozenset[str]:
    names: set[str] = set()

    def note(key: str, value: str) -> str:
        names.add(key)
        return value

    with_texts(answer, note)
    return frozenset(names)


@cache
def every_field() -> tuple[str, ...]:
    """The names of all fields that hold a text, of signals too."""
    return tuple(sorted({name for answer in every_answer() for name in _fields(answer)}))


def planted(turn: int) -> list[Heard]:
    """Every text of every answer is a private one; each turn, each is another."""
    values = cycle(PRIVATE[turn:] + PRIVATE[:turn])
    return [with_texts(one, lambda _key, _text: next(values)) for one in every_answer()]


# -- nothing survives ------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(0, len(PRIVATE), 5))
def test_what_is_private_survives_in_no_text_of_any_document(turn: int, tmp_path: Path) -> None:
    text = all_of(recorded(planted(turn), tmp_path / "r"))
    for value in PRIVATE:
        assert survivors(value, text) == set()
        assert value.lower() not in text


PLAIN = [one for one in PRIVATE if not re.fullmatch(r"[A-Za-z_]+(5G)?", one) and "horse" not in one]
"""All but single words: in the field of a state nobody can tell a name from a state."""


@pytest.mark.parametrize("value", PLAIN)
def test_a_private_value_needs_no_private_field_to_be_known(value: str) -> None:
    """Nothing is learned here from the fields of people and networks."""
    keys = [key for key in every_field() if kind_of(key) not in PRIVATE_KINDS]
    assert survivors(value, _made_of({key: [value] for key in keys})) == set()


def test_in_a_private_field_every_value_is_replaced() -> None:
    keys = [key for key in every_field() if kind_of(key) in PRIVATE_KINDS]
    made = _made_of({key: [{key: PRIVATE}] for key in keys})
    for value in PRIVATE:
        assert survivors(value, made) == set()


def _made_of(document: Any) -> str:
    body = jsontext.dumps(document).encode()
    return redacted([Heard("/api/x", 200, "", body)], KEY).answers[0].body.decode().lower()


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=5, max_size=14)
SERIALS = st.from_regex(r"(TG|CN|JBL|VAH|OBB|T|C)[0-9]{6}[0-9A-Z]{5,8}", fullmatch=True)
STREETS = st.tuples(st.integers(1, 9999), WORDS).map(lambda told: f"{told[0]} {told[1]} Road")
MACS = st.from_regex(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", fullmatch=True)
MAILS = st.tuples(WORDS, WORDS).map(lambda told: f"{told[0]}@{told[1]}.org")
ADDRESSES = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
TOKENS = st.from_regex(r"[A-Za-z0-9_-]{40,60}", fullmatch=True)
VALUES = WORDS | SERIALS | STREETS | MACS | MAILS | TOKENS | ADDRESSES


@settings(max_examples=15, deadline=None)
@given(value=VALUES)
def test_whatever_stands_in_every_text_is_gone(value: str) -> None:
    hidden = [with_texts(one, lambda _key, _text: value) for one in _one_of_each()]
    for one in redacted(hidden, KEY).answers:
        left = _words_of(one) & {piece for piece in pieces(value) if len(piece) >= 5}
        assert not left - _ours(), one.path


@cache
def _ours() -> frozenset[str]:
    """What a gateway says anyhow: a value that happens to be one of these tells nothing."""
    made = redacted(_one_of_each(), KEY)
    return frozenset(word for one in made.answers for word in _words_of(one))


def _words_of(answer: Heard) -> set[str]:
    text = answer.body.decode("utf-8", "replace").lower()
    return set(re.findall(WORD, text))


@cache
def _one_of_each() -> tuple[Heard, ...]:
    return tuple({one.path: one for one in every_answer() if one.status == 200}.values())


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_of_a_simulated_home_is_left(system: str, tmp_path: Path) -> None:
    home = SYSTEMS[system]
    told = [home.gateway_serial, home.neurio_serial, home.contactor and home.contactor.serial]
    told += [pack.serial for pack in home.packs] + [pack.module_serial for pack in home.packs]
    told += [inverter.serial for inverter in home.inverters]
    told += ["Example Solar", "Garage", "192.0.2.10", home.mains.zone, "73533"]
    text = all_of(recorded(heard(system), tmp_path / "r"))
    for value in filter(None, told):
        assert value.lower() not in text
        assert not re.search(rf"\b{re.escape(value.lower())}\b", text)


def test_secrets_we_were_told_are_gone_from_wherever_they_stand() -> None:
    body = (
        b'{"real_mode":"hunter","state":"PINV_hunter2x","echo":"my hunter2x!","n":{"hunter2x":1}}'
    )
    made = redacted([Heard("/api/x", 200, "", body)], KEY, ["hunter2x"]).answers[0].body
    assert b"hunter2x" not in made
    assert b'"real_mode":"hunter"' in made


@pytest.mark.parametrize(
    "body",
    [
        b"404 Jane Wintersmith not found",
        b'{"site_name":"Wintersmith","x',
        b"<html><title>Wintersmith</title></html>",
        b"\xff\xfeWintersmith",
        b'"Wintersmith"',
        b'["Wintersmith"]',
    ],
)
def test_what_is_no_document_is_replaced_as_well(body: bytes) -> None:
    for path in ("/api/status", VITALS):
        for status in (200, 500):
            made = redacted([Heard(path, status, "text/Wintersmith", body)], KEY).answers[0]
            assert b"wintersmith" not in made.body.lower()
            assert made.content_type == ""


# -- the same by the same --------------------------------------------------------------------


def test_one_serial_is_one_serial_in_all_documents_and_in_vitals(tmp_path: Path) -> None:
    told = documents(load(recorded(heard("pwplus"), tmp_path / "r")))
    packs = [pack["PackageSerialNumber"] for pack in told["powerwalls"]["powerwalls"]]
    blocks = [block["PackageSerialNumber"] for block in told["system_status"]["battery_blocks"]]
    thermal = [name.split("--")[-1] for name in told["vitals"] if name.startswith("TETHC")]
    assert packs == blocks == thermal
    assert len(set(packs)) == 2
    assert told["powerwalls"]["gateway_din"] == told["status"]["din"]
    assert f"STSTSM--{told['status']['din']}" == next(iter(told["vitals"]))
    for device in told["vitals"].values():
        assert device.get("componentParentDin", told["status"]["din"]) in (
            *told["vitals"],
            told["status"]["din"],
        )


@pytest.mark.parametrize(
    "value",
    [
        "TG121048001AB1",
        "1232100-00-E--TG121048001AB1",
        "PVAC--1538100-00-F--CN3210480011",
        "Jane Wintersmith",
        "+1 (650) 555-0143",
        "a0:b3:cc:d5:e6:f7",
    ],
)
def test_a_replacement_has_the_shape_of_what_it_replaces(value: str) -> None:
    body = jsontext.dumps({"serial": value}).encode()
    answer = redacted([Heard("/api/x", 200, "", body)], KEY).answers[0]
    made = jsontext.loads(answer.body.decode())["serial"]
    assert _shape(made) == _shape(value)
    assert made != value
    assert made[: value.rfind("--") + 2] == value[: value.rfind("--") + 2] or "--" not in value


def _shape(text: str) -> str:
    hexed = re.sub(r"[0-9a-f]", "h", text) if text.count(":") == 5 else text
    return re.sub("[0-9]", "0", re.sub("[a-z]", "a", re.sub("[A-Z]", "A", hexed)))


@given(st.lists(st.from_regex(r"TG12[0-9]{8}", fullmatch=True), min_size=2, unique=True))
def test_two_serials_stay_two_and_none_becomes_another_that_is_there(serials: list[str]) -> None:
    body = jsontext.dumps([{"serial": serial} for serial in serials]).encode()
    made = redacted([Heard("/api/x", 200, "", body)], KEY).answers[0].body.decode()
    now = [row["serial"] for row in jsontext.loads(made)]
    assert len(set(now)) == len(serials)
    assert not set(now) & set(serials)


@pytest.mark.parametrize(
    "told",
    [
        {"site_name": "Wintersmith"},
        {"mood": "ask jane.wintersmith@posteo.org"},
        {"name": '{"ssid":"Wintersmith_5G"}'},
        {"deep": [{"Serial": ["wintersmith"]}]},
    ],
)
def test_what_is_private_in_one_place_is_replaced_where_it_looks_like_a_state(
    told: dict[str, Any],
) -> None:
    other = b'{"wifi_status":"WintersmithConnected","real_mode":"wintersmith","x_state":"Up"}'
    answers = [Heard("/api/x", 200, "", other), Heard("/api/y", 200, "", _dumped(told))]
    made = redacted(answers, KEY).answers
    assert not any(b"wintersmith" in one.body.lower() for one in made)
    assert jsontext.loads(made[0].body.decode())["x_state"] == "Up"


@pytest.mark.parametrize("word", ["AB12CD34EF56", "a0b3ccd5e6f7", "deadbeef", "x12345", "A1234B"])
def test_an_identifier_in_the_field_of_a_state_is_no_state(word: str) -> None:
    for value in (word, f"PVAC_{word}", f"Grid_{word}"):
        made = redacted([Heard("/api/x", 200, "", _dumped({"x_state": value}))], KEY)
        assert word.encode() not in made.answers[0].body


def _dumped(document: Any) -> bytes:
    return jsontext.dumps(document).encode()


def test_another_recording_has_other_names() -> None:
    body = b'{"serial":"TG121048001AB1"}'
    made = {
        redacted([Heard("/api/x", 200, "", body)], bytes([n])).answers[0].body for n in range(5)
    }
    assert len(made) == 5


# -- what is not private stays ----------------------------------------------------------------


def _numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in _numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in _numbers(inner)]
    return [] if isinstance(value, str) else [value]


@pytest.mark.parametrize("system", SYSTEMS)
def test_our_tables_read_a_redacted_document_as_they_read_the_original(system: str) -> None:
    before = heard(system)
    after = redacted(before, KEY).answers
    parse = {row.path: row.parse for row in ROWS}
    for was, now in zip(before, after, strict=True):
        assert (was.path, was.status) == (now.path, now.status)
        if was.status == 200:
            one, other = parse[was.path](was.body), parse[was.path](now.body)
            assert repr(_numbers(one)) == repr(_numbers(other)), was.path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", "24.12.6-PW3-AFCI 008bf6ff"),
        ("version", "23.4.2-1 fe55682a"),
        ("version", "1.15.0\n"),
        ("firmwareVersion", "2022-01-31-g9853d3db5"),
        ("version", "1.7.1-Tesla"),
        ("git_hash", "3f8a51c27d6e09b4a1f25c8e7730d94be6182f5a"),
        ("version", "3f8a51c27d6e09"),
        ("partNumber", "1232100-00-E"),
        ("start_time", "2021-12-16 22:13:25 +0800"),
        ("up_time_seconds", "230h55m59.932079901s"),
        ("last_communication_time", "2021-12-26T13:09:22.321056599-07:00"),
        ("uptime", "802459s,"),
        ("grid_status", "SystemMicroGridFaulted"),
        ("pinv_state", "PINV_GridForming"),
        ("real_mode", "a_mode_of_times_to_come"),
        ("disabled_reasons", "DisabledExcessiveVoltageDrop"),
        ("PVAC_State", "PVAC_Something_New"),
        ("state", "/update_staged"),
        ("can_reboot", "Power flow is too high"),
        ("phase_detection_last_error", "no phase information"),
        ("message", "User does not have adequate access rights"),
        ("error", "current config mode is busy"),
        ("message", "Cannot perform this action with site controller running"),
        ("decoded_alert", '[{"name":"PINV_alertType","value":"Warning","units":"Hz","n":1.0}]'),
        ("Mask", "////AA=="),
        ("ip", "192.168.91.1"),
        ("subnet", "255.255.255.0"),
        ("country", "United States"),
        ("model", "Solar Inverter 7.6"),
        ("model", "SE7600A"),
    ],
)
def test_what_tells_of_the_hardware_stays(key: str, value: str) -> None:
    body = jsontext.dumps({key: value}).encode()
    assert redacted([Heard("/api/x", 200, "", body)], KEY).answers[0].body == body


def test_numbers_are_spelled_as_they_were() -> None:
    body = b'{"a":[1.0,-0,1e-15,432374469357469697,0.10,60.007000000000005,1E3,null,true]}'
    assert redacted([Heard("/api/x", 200, "", body)], KEY).answers[0].body == body


def test_coordinates_are_taken_out_and_numbers_of_people_are_replaced() -> None:
    body = b'{"latitude":37.774929,"lon":"-122.4","phone":6505550143,"customer_id":4711,"id":0}'
    made = redacted([Heard("/api/x", 200, "", body)], KEY).answers[0].body.decode()
    told = jsontext.loads(made)
    assert (told["latitude"], told["lon"], told["id"]) == (None, "", "0")
    assert len(told["phone"]) == 10
    assert not {"6505550143", "4711"} & {told["phone"], told["customer_id"]}


def test_the_fields_that_nobody_knows_are_listed_without_their_texts() -> None:
    body = b'{"mood":"calm and quiet","TG121048001AB1":"x y z"}'
    made = redacted([Heard("/api/x", 200, "", body)], KEY)
    assert len(made.unknown) == 2
    assert "mood" in made.unknown
    assert "TG121048001AB1" not in made.unknown


# -- vitals ----------------------------------------------------------------------------------


def test_every_text_of_the_protobuf_is_one_that_is_replaced() -> None:
    """A field that the schema gets later must not slip through."""
    texts: set[str] = set()

    def walk(message: Any) -> None:
        for field in message.fields:
            if field.type == field.TYPE_STRING:
                texts.add(f"{message.name}.{field.name}")
            elif field.message_type is not None:
                walk(field.message_type)

    walk(tesla_pb2.DevicesWithVitals.DESCRIPTOR)
    wrapped = {
        field.name
        for message in (tesla_pb2.Device.DESCRIPTOR, tesla_pb2.ConnectionParameters.DESCRIPTOR)
        for field in message.fields
        if field.message_type is not None and field.message_type.name == "StringValue"
    }
    assert wrapped == {*protobuf.DEVICE_TEXTS, *protobuf.CONNECTION_TEXTS}
    assert texts == {
        "SiteControllerConnectedDeviceWithVitals.alerts",
        "StringValue.value",
        "DeviceVital.name",
        "DeviceVital.stringValue",
    }


def test_a_number_that_tells_where_or_who_is_taken_out_of_vitals() -> None:
    message = tesla_pb2.DevicesWithVitals()
    entry = message.devices.add()
    entry.vitals.add(name="GPS_Latitude", floatValue=37.774929)
    entry.vitals.add(name="PVAC_SerialNumber", intValue=48001)
    entry.vitals.add(name="PVAC_Pout", floatValue=48001.5)
    answer = Heard(VITALS, 200, "", message.SerializeToString())
    made = tesla_pb2.DevicesWithVitals.FromString(redacted([answer], KEY).answers[0].body)
    told = [(one.name, one.WhichOneof("value")) for one in made.devices[0].vitals]
    assert told == [
        ("GPS_Latitude", None),
        ("PVAC_SerialNumber", None),
        ("PVAC_Pout", "floatValue"),
    ]


def test_bytes_that_the_schema_does_not_know_are_left_out() -> None:
    vitals = next(one for one in heard("pw2") if one.is_vitals)
    hidden = b"\x7a\x0bWintersmith"
    made = redacted([replace(vitals, body=vitals.body + hidden)], KEY).answers[0].body
    assert b"Wintersmith" not in made
    assert len(made) == len(vitals.body)


@given(st.binary(max_size=200))
def test_vitals_that_are_none_become_none(body: bytes) -> None:
    made = redacted([Heard(VITALS, 200, "", body)], KEY).answers[0].body
    assert (
        suspicious(
            [Heard(VITALS, 200, "", made)],
            redacted([Heard(VITALS, 200, "", body)], KEY).replacements,
        )
        == []
    )


# -- looking once more -----------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_recording_that_was_just_made_looks_like_nobodys(system: str, tmp_path: Path) -> None:
    made = folder.read(recorded(heard(system), tmp_path / "r"))
    assert suspicious(made.answers, made.about["replacements"]) == []


@pytest.mark.parametrize("value", PLAIN)
def test_a_private_value_put_in_by_hand_is_found_and_not_repeated(value: str) -> None:
    made = _made_of_pw2()

    def by_hand(key: str, text: str) -> str:
        return value if "erial" in key or key == "din" else text

    changed = [with_texts(one, by_hand) for one in made.answers]
    found = suspicious(changed, made.replacements)
    for path in (VITALS, "/api/status", "/api/meters"):
        assert any(line.startswith(f"{path}: ") for line in found)
    assert all(survivors(value, line.lower()) == set() for line in found)


@cache
def _made_of_pw2() -> Redacted:
    some = (VITALS, "/api/status", "/api/meters")
    return redacted([one for one in heard("pw2") if one.path in some], KEY)


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_recordings_that_are_kept_hold_nothing_private(name: str) -> None:
    kept = folder.read(RECORDINGS[name])
    assert suspicious(kept.answers, kept.about["replacements"]) == []
    assert folder.strangers(RECORDINGS[name], kept) == []
    assert kept.about["complete"] is True


def test_some_recordings_are_kept() -> None:
    assert len(RECORDINGS) >= 2
