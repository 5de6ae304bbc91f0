"""What `wiretape check` prints for other tools -> whether it is what their schemas ask for.

    schemas.py install FOLDER            fetches the schemas, by the packages that ship them
    schemas.py sarif|junit FOLDER FILE…  validates files; prints what is wrong, and fails if anything is

The schemas are other people's, and no part of this repository: SARIF's comes with Microsoft's
matchers for Jest, JUnit's (as Jenkins reads it) with pytest's sources. Both are pinned by version
and by hash.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGES = {
    "sarif.json": (
        ["npm", "pack", "--silent", "@microsoft/jest-sarif@1.0.0-beta.0"],
        "package/lib/schemas/sarif-2.1.0-rtm.5.json",
        "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8",
    ),
    "junit.xsd": (
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        + ["--no-deps", "--no-binary", ":all:", "pytest==8.4.2"],
        "pytest-8.4.2/testing/example_scripts/junit-10.xsd",
        "a1a816f58d1bf95ebabf371994df0b9246dee66ea9572fbec4f9296f1b2c0ff6",
    ),
}


def install(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (command, inside, wanted) in PACKAGES.items():
        if (folder / name).exists():
            continue
        with tempfile.TemporaryDirectory() as place:
            subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
            archive = next(pathlib.Path(place).glob("*gz"))
            with tarfile.open(archive) as opened:
                schema = opened.extractfile(inside).read()
        found = hashlib.sha256(schema).hexdigest()
        if found != wanted:
            sys.exit(f"{name} is not what it was: sha256 {found}, not {wanted}")
        (folder / name).write_bytes(schema)


def sarif(folder, path):
    from jsonschema import Draft4Validator, FormatChecker

    schema = json.loads((folder / "sarif.json").read_text())
    log = json.loads(path.read_text(encoding="utf-8"))
    validator = Draft4Validator(schema, format_checker=FormatChecker())
    for error in validator.iter_errors(log):
        yield f"{error.json_path}: {error.message}"
    for run in log.get("runs", []):
        # The schema can't say it, the standard does: a result's rule is one of the driver's.
        known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        for result in run["results"]:
            if result["ruleId"] not in known:
                yield f"no rule {result['ruleId']}"


def junit(folder, path):
    from xml.etree import ElementTree

    import xmlschema

    schema = xmlschema.XMLSchema10(str(folder / "junit.xsd"))
    for error in schema.iter_errors(str(path)):
        yield f"{error.path}: {error.reason}"
    # The schema does not count, readers do.
    for suite in ElementTree.parse(path).getroot():
        for stated, counted in (("tests", "testcase"), ("failures", "testcase/failure")):
            if int(suite.get(stated)) != len(suite.findall(counted)):
                yield f"{suite.get('name')}: {stated} is {suite.get(stated)}"


def main():
    verb, folder, *paths = sys.argv[1:]
    folder = pathlib.Path(folder)
    if verb == "install":
        install(folder)
        return
    validate = {"sarif": sarif, "junit": junit}[verb]
    wrong = [f"{path}: {one}" for path in paths for one in validate(folder, pathlib.Path(path))]
    print("\n".join(wrong))
    sys.exit(1 if wrong or not paths else 0)


main()
