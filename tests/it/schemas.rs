//! What `check` prints for other tools → what the schemas of SARIF and `JUnit` say of it, by
//! validators that nobody of this project wrote.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wiretape::wire::Fact;

use crate::docs::traffic;
use crate::peers::{has, peers_folder, python, script};
use crate::sample::{self, Home, run};
use crate::terminal::hostile_home;

/// Names that end attributes, comments, sections and lines, and characters that XML has not.
const HOSTILE: &str = r#"
0.000  open  /ws?user_id=%22%3E%3C!--%00
0.100  ←  {"type":"agent_started","run_id":"]]>\"'&<b>\u0000\u0001\u001b[31m\ufffe\uffff\ud83e\udd8a\n\r","agent_name":"&amp;--><![CDATA["}
0.200  ←  {"type":"tool_executing","run_id":"]]>\"'&<b>\u0000\u0001\u001b[31m\ufffe\uffff\ud83e\udd8a\n\r","payload":{"tool_name":"</failure>\u2028\u202e\ud800"}}
0.300  ←  {"type":"agent_thinking","run_id":"never started","agent_name":"\t\u000b\u000c\u0085\u009b"}
9.000  close 1000
"#;

/// A rule whose name is hostile too.
const RULES: &str = "version = 1\npreset = \"agent\"\n[[rule]]\nid = \"\\\"><&'\\u0001\\uFFFE]]>\"\n\
    scope = \"conn\"\nabsence = \"agent_started\"\n";

/// Whether both are there to validate with.
fn is_installed() -> bool {
    let folder = peers_folder().join("schemas");
    let schemas = folder.join("sarif.json").exists() && folder.join("junit.xsd").exists();
    has("the schemas of SARIF and JUnit", schemas)
        && has("Python", python().exists())
        && has("Python jsonschema", {
            let import = ["-c", "import jsonschema, xmlschema"];
            Command::new(python()).args(import).status().is_ok_and(|status| status.success())
        })
}

/// What a validator says of `files`: nothing, if they are in order.
fn told(format: &str, files: &[PathBuf]) -> Result<(), String> {
    let mut command = Command::new(python());
    command.arg(script("schemas.py")).arg(format).arg(peers_folder().join("schemas"));
    let output = command.args(files).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    if output.status.success() { Ok(()) } else { Err(said.concat()) }
}

/// Prints the findings of every recording of a folder; where it says them.
fn printed(home: &Home, format: &str, rules: &str, number: usize) -> PathBuf {
    let folder = home.dir.path();
    let paths = fs::read_dir(folder.join("recordings")).unwrap().map(|file| file.unwrap().path());
    let paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "db")).collect();
    assert!(!paths.is_empty());
    let mut arguments = vec!["check", "--format", format, "--rules", rules];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let output = run(folder, &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    let file = folder.join(format!("{number}.{format}"));
    fs::write(&file, output.stdout).unwrap();
    file
}

#[test]
fn findings_for_other_tools_are_what_their_schemas_ask_for() {
    if !is_installed() {
        return;
    }
    let [demo, empty, names, hostile] =
        [Home::empty(), Home::empty(), Home::empty(), hostile_home()];
    traffic::demo(&demo);
    sample::write(&empty.tape(), &[Fact::Recording(sample::recording())]);
    traffic::record(&names, "hostile", HOSTILE.trim());
    fs::write(names.dir.path().join("hostile.toml"), RULES).unwrap();
    let homes = [(&demo, "agent"), (&empty, "none"), (&names, "hostile.toml"), (&hostile, "agent")];
    for format in ["sarif", "junit"] {
        let files = homes.iter().enumerate();
        let files: Vec<PathBuf> =
            files.map(|(number, (home, rules))| printed(home, format, rules, number)).collect();
        assert_eq!(told(format, &files), Ok(()));
        // The validators do look: with one word changed, each file of findings is wrong.
        let text = fs::read_to_string(&files[0]).unwrap();
        let (right, wrong) = match format {
            "sarif" => ("\"level\":\"error\"", "\"level\":\"grave\""),
            _ => ("<testcase ", "<case "),
        };
        assert!(text.contains(right), "{text}");
        fs::write(&files[0], text.replacen(right, wrong, 1)).unwrap();
        assert!(told(format, &files[..1]).is_err(), "{format}");
    }
}
