//! Completions, asked of the real shell: what a person gets who presses the tab key.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::sample::{Home, run};

/// What bash offers for the last of `words`, in `folder`.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(\"$WIRETAPE\" completions bash) || exit 9
        complete -p wiretape | grep -q -- '-F _wiretape_recordings' || exit 8
        COMP_WORDS=(\"$WIRETAPE\" {}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _wiretape_recordings \"$WIRETAPE\" \"${{COMP_WORDS[COMP_CWORD]}}\" \
            \"${{COMP_WORDS[COMP_CWORD - 1]}}\"
        printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" ")
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .current_dir(folder)
        .env("WIRETAPE", env!("CARGO_BIN_EXE_wiretape"))
        .env_remove("WIRETAPE_DIR")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors} {:?}", output.status);
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Home with `amber-fox` and two copies, one of them in a folder of its own, and a trap.
fn home() -> Home {
    let home = Home::new();
    let folder = home.dir.path();
    fs::copy(home.tape(), folder.join("recordings/2026-11-23-calm-owl.db")).unwrap();
    fs::create_dir(folder.join("else where")).unwrap();
    fs::copy(home.tape(), folder.join("else where/2026-11-23-far-elk.db")).unwrap();
    fs::copy(home.tape(), folder.join("recordings/$(touch trapped).db")).unwrap();
    home
}

#[test]
fn bash_completes_names_of_recordings_where_a_verb_takes_one() {
    if Command::new("bash").arg("--version").output().is_err() {
        return;
    }
    let home = home();
    let folder = home.dir.path();
    let all = ["amber-fox", "calm-owl"];
    for verb in ["info", "frames", "check", "open", "timeline", "query", "export", "rm"] {
        assert_eq!(offered(folder, &[verb, ""]), all, "{verb}");
        assert_eq!(offered(folder, &[verb, "c"]), ["calm-owl"], "{verb}");
    }
    for (words, expected) in [
        (&["--dir", "else where", "info", ""][..], &["far-elk"][..]),
        (&["info", "--dir", "=", "else where", "f"], &["far-elk"]),
        (&["frames", "-c", "3", ""], &all),
        (&["rm", "amber-fox", "c"], &["calm-owl"]),
        // One recording, then SQL.
        (&["query", "amber-fox", "c"], &[]),
        (&["info", "nothing"], &[]),
        (&["record", "a"], &[]),
        (&["frames", "--color", "a"], &["auto", "always"]),
    ] {
        assert_eq!(offered(folder, words), expected, "{words:?}");
    }
    assert!(offered(folder, &["inf"]).contains(&"info".to_owned()));
    assert!(offered(folder, &["info", "--ch"]).contains(&"--check".to_owned()));
    assert!(!folder.join("trapped").exists(), "a name is not run");
}

#[test]
fn every_shell_asks_for_names() {
    let home = home();
    let folder = home.dir.path();
    let names = run(folder, &["completions", "--names"]);
    assert_eq!(String::from_utf8(names.stdout).unwrap(), "amber-fox\ncalm-owl\n");
    let nowhere = run(folder, &["completions", "--names", "--dir", "nowhere"]);
    assert!(nowhere.status.success() && nowhere.stdout.is_empty());
    for (shell, asks) in [
        ("bash", "complete -F _wiretape_recordings "),
        ("zsh", "name:_wiretape_recordings' \\"),
        (
            "fish",
            "using_subcommand info frames open timeline stats diff note report query export check rm\"",
        ),
    ] {
        let script = home.prints(&["completions", shell]);
        assert!(script.contains(asks), "{shell}");
        assert!(script.contains("completions --names"), "{shell}");
    }
    let zsh = home.prints(&["completions", "zsh"]);
    assert_eq!(zsh.matches(":_wiretape_recordings' \\").count(), 13);
    assert!(!home.prints(&["completions", "--help"]).contains("--names"));
}
