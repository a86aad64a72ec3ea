"""lib/kafka/field.def and api.def against the schemas that Kafka's own clients are generated from: the
common/message/*.json in the kafka-clients jars."""

import json
import re
import zipfile

import pytest

from versions import KAFKA, ROOT, VERSIONS, jars

TOP = 32767
RELEASES = [*KAFKA, *VERSIONS["KAFKA_SCHEMAS"].split(",")]
LIB = ROOT / "lib" / "kafka"
TYPES = {"BOOL": "bool", "INT8": "int8", "INT16": "int16", "UINT16": "uint16", "INT32": "int32", "UINT32": "uint32",
         "INT64": "int64", "FLOAT64": "float64", "STRING": "string", "BYTES": "bytes", "RECORDS": "records",
         "UUID": "uuid", "STRUCT": "struct", "NULLABLE_STRUCT": "nullable struct", "STRUCTS": "[]struct"}

# Rows that a jar has and that we leave out on purpose: early access or unstable in that release.
UNSTABLE = {("3.9.1", key, 0) for key in (76, 77, 78, 79)} | {("4.1.1", 88, 0), ("4.1.1", 89, 0)}


# What a later release calls otherwise; the layout is the same.
RENAMED = {"ListClientMetricsResourcesRequest": "ListConfigResourcesRequest",
           "ListClientMetricsResourcesResponse": "ListConfigResourcesResponse",
           ("ListClientMetricsResourcesResponse", "ClientMetricsResources"): "ConfigResources",
           ("ListClientMetricsResourcesResponse", "Name"): "ResourceName",
           ("TxnOffsetCommitRequest", "GenerationId"): "GenerationIdOrMemberEpoch",
           ("StreamsGroupHeartbeatResponse", "AcceptableRecoveryLag", "int32"): "AcceptableRecoveryLagLegacy"}


def our_apis():
    """{key: (NAME, name, min, max, first flexible version or None)}"""
    found = {}
    for row in re.findall(r"^API\((.*)\)$", (LIB / "api.def").read_text(), re.M):
        key, upper, name, low, high, flexible = [part.strip() for part in row.split(",")]
        found[int(key)] = (upper, name, int(low), int(high), None if flexible == "KAFKA_NEVER" else int(flexible))
    return found


def our_fields():
    """{(NAME, "request" or "response"): [(depth, name, type, from, to, tag or None, role)]}"""
    found = {}
    for line in (LIB / "field.def").read_text().splitlines():
        if head := re.fullmatch(r"(REQUEST|RESPONSE)\((\w+)\)", line):
            rows = found.setdefault((head[2], head[1].lower()), [])
        elif row := re.fullmatch(r"FIELD\((.*)\)", line):
            depth, name, kind, low, high, tag, role = [part.strip() for part in row[1].split(",")]
            rows.append((int(depth), name, TYPES.get(kind) or "[]" + TYPES[kind[:-1]], int(low),
                         TOP if high == "TOP" else int(high), None if tag == "UNTAGGED" else int(tag), role))
    return found


def project(rows, version):
    """The fields of one version, as (depth, name, type, tag); what is below an absent struct is absent."""
    present, absent_below = [], None
    for depth, name, kind, low, high, tag, _ in rows:
        if absent_below is not None and depth > absent_below:
            continue
        absent_below = None if low <= version <= high else depth
        if absent_below is None:
            present.append((depth, name, kind, tag))
    return present


def span(text):
    if text in (None, "none"):
        return None
    low, dash, high = text.rstrip("+").partition("-")
    return int(low), TOP if text.endswith("+") else int(high) if dash else int(low)


def within(text, version):
    found = span(text)
    return found is not None and found[0] <= version <= found[1]


def schemas(release):
    """{(key, "request" or "response"): schema} of a release."""
    jar, = jars(release).glob(f"kafka-clients-{release}.jar")
    found = {}
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if re.fullmatch(r"common/message/\w+\.json", name):
                schema = json.loads(re.sub(r"(?m)(^|\s)//.*$", "", archive.read(name).decode()))
                if schema["type"] in ("request", "response"):
                    found[schema["apiKey"], schema["type"]] = schema
    return found


def their_fields(schema, version):
    """As project(), from a schema."""
    common = {struct["name"]: struct["fields"] for struct in schema.get("commonStructs", [])}
    plain = set(TYPES.values())

    def walk(fields, depth):
        for field in fields:
            if not within(field["versions"], version):
                continue
            assert "flexibleVersions" not in field, f"{schema['name']}.{field['name']} is flexible on its own terms"
            array, base = field["type"].startswith("[]"), field["type"].removeprefix("[]")
            struct = base not in plain
            kind = "struct" if struct else base
            if struct and not array and within(field.get("nullableVersions"), version):
                kind = "nullable struct"
            tag = field["tag"] if within(field.get("taggedVersions"), version) else None
            known_as = (schema["name"], field["name"])
            name = RENAMED.get(known_as) or RENAMED.get((*known_as, field["type"]), field["name"])
            yield depth, name, "[]" + kind if array else kind, tag
            if struct:
                yield from walk(field.get("fields") or common[base], depth + 1)

    return list(walk(schema["fields"], 0))


def spoken(release, schema):
    """Versions of a schema that we pass."""
    valid, ours = span(schema["validVersions"]), our_apis().get(schema["apiKey"])
    if valid is None or ours is None:
        return []
    low, high = max(valid[0], ours[2]), min(valid[1], ours[3])
    return [v for v in range(low, high + 1) if (release, schema["apiKey"], v) not in UNSTABLE]


@pytest.mark.parametrize("release", RELEASES)
def test_every_field_is_as_in_the_schema(release):
    apis, fields, wrong = our_apis(), our_fields(), []
    for (key, side), schema in sorted(schemas(release).items()):
        for version in spoken(release, schema):
            ours, theirs = project(fields[apis[key][0], side], version), their_fields(schema, version)
            wrong += [f"{schema['name']} v{version}: ours {o}, theirs {t}" for o, t in zip(ours, theirs) if o != t][:1]
            if len(ours) != len(theirs):
                wrong.append(f"{schema['name']} v{version}: {len(ours)} fields, not {len(theirs)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("release", RELEASES)
def test_names_and_first_flexible_versions(release):
    apis = our_apis()
    for (key, side), schema in schemas(release).items():
        if not spoken(release, schema):
            continue
        assert RENAMED.get(schema["name"], schema["name"]) == apis[key][1] + side.title()
        flexible = span(schema.get("flexibleVersions"))
        assert apis[key][4] == (flexible[0] if flexible else None), schema["name"]


def test_every_version_that_we_pass_is_in_some_release():
    known = {(key, v) for release in RELEASES for (key, _), s in schemas(release).items() for v in spoken(release, s)}
    for key, (_, name, low, high, _) in our_apis().items():
        missing = [v for v in range(low, high + 1) if (key, v) not in known]
        assert not missing, f"{name} {missing}"


# What no row passes, with the reason in api.def.
LEFT_OUT = {"ProduceRequest": {0, 1, 2}, "InitProducerIdRequest": {6}, "DescribeQuorumRequest": {2},
            **dict.fromkeys(("ShareGroupHeartbeatRequest", "ShareGroupDescribeRequest", "ShareFetchRequest",
                             "ShareAcknowledgeRequest"), {0})}


@pytest.mark.parametrize("release", RELEASES)
def test_every_version_of_what_is_spoken_is_passed(release):
    missing = []
    for (key, side), schema in schemas(release).items():
        ours, valid = our_apis().get(key), span(schema["validVersions"])
        if side == "request" and ours and valid:
            cut = {v for v in range(valid[0], valid[1] + 1) if not ours[2] <= v <= ours[3]}
            missing += [f"{schema['name']} {cut}"] if cut - LEFT_OUT.get(schema["name"], set()) else []
    assert not missing, "\n".join(missing)


def test_every_client_facing_api_is_spoken():
    between_brokers = {27, 83, 84, 85, 86, 87}
    for release in RELEASES:
        for (key, side), schema in schemas(release).items():
            if side == "request" and "broker" in schema.get("listeners", []) and span(schema["validVersions"]):
                assert key in our_apis() or key in between_brokers, f"{release}: {schema['name']} ({key})"


def test_every_address_and_topic_field_has_a_role():
    """A host or port goes nowhere unseen, and a topic is found without knowing the API."""
    untreated = []
    for (api, side), rows in our_fields().items():
        for _, name, kind, _, _, _, role in rows:
            address = re.search(r"host|port$", name, re.I) and kind in ("string", "int32", "uint16")
            topic = re.search(r"topic", name, re.I) and kind in ("string", "[]string", "uuid")
            if (address or topic) and role == "NONE":
                untreated.append(f"{api} {side}: {name}")
    assert not untreated, "\n".join(untreated)


@pytest.mark.parametrize("release", RELEASES)
def test_every_field_that_kafka_calls_a_topic_has_a_role(release):
    apis, fields, untreated = our_apis(), our_fields(), []

    def named(fields):
        for field in fields:
            if field.get("entityType") == "topicName":
                yield field["name"]
            yield from named(field.get("fields", []))

    for (key, side), schema in schemas(release).items():
        if not spoken(release, schema):
            continue
        common = [f for struct in schema.get("commonStructs", []) for f in struct["fields"]]
        topics = {row[1] for row in fields[apis[key][0], side] if row[6] == "TOPIC"}
        untreated += [f"{schema['name']}.{name}" for name in named(schema["fields"] + common) if name not in topics]
    assert not untreated, "\n".join(untreated)


def test_broker_addresses_are_exactly_these():
    """Whoever adds a host to the table decides here whether it is a broker's."""
    found = {(api, side) for (api, side), rows in our_fields().items() if any(row[6] == "HOST" for row in rows)}
    assert found == {(api, "response") for api in ("PRODUCE", "FETCH", "METADATA", "FIND_COORDINATOR", "DESCRIBE_CLUSTER",
                                                   "SHARE_FETCH", "SHARE_ACKNOWLEDGE")}
