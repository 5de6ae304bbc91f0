//! What the rules find in a recording, they find in it when its secrets are hidden.

use std::collections::BTreeMap;

use wiretape::redact::{Level, Policy, Redacted};

use super::{Finding, Scenario, scenarios};

/// What of a finding no name is in.
fn told(finding: &Finding) -> String {
    let expected = finding.expected.as_ref().map(|expected| &expected.event);
    format!(
        "{} {} {:?} {:?} {expected:?} {:?}",
        finding.code.text(),
        finding.rule,
        finding.run,
        finding.frames,
        finding.severity
    )
}

fn redacted(scenario: &Scenario, level: Level) -> Scenario {
    let policy = Policy { level, salt: [7; 16], ..Policy::default() };
    Scenario {
        facts: Redacted::new(&scenario.facts, policy).facts,
        name: scenario.name.clone(),
        rules: scenario.rules.clone(),
        own: scenario.own.clone(),
        files: scenario.files.clone(),
        told: Vec::new(),
        expected: Vec::new(),
        end_ns: scenario.end_ns,
    }
}

#[test]
fn findings_survive_redaction_with_users_renamed_one_to_one() {
    let mut renamed = 0;
    for scenario in scenarios() {
        let before = scenario.check(true).0;
        let after = redacted(&scenario, Level::Default).check(true).0;
        let lines = |findings: &[Finding]| findings.iter().map(told).collect::<Vec<_>>();
        assert_eq!(lines(&after), lines(&before), "{}", scenario.name);
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (before, after) in before.iter().zip(&after) {
            let (Some(old), Some(new)) = (&before.user, &after.user) else {
                assert_eq!(before.user.is_some(), after.user.is_some(), "{}", scenario.name);
                continue;
            };
            let known = names.entry(old.clone()).or_insert_with(|| new.clone());
            assert_eq!(known, new, "{}", scenario.name);
            renamed += usize::from(old != new);
        }
        let mut others: Vec<&String> = names.values().collect();
        others.sort();
        others.dedup();
        assert_eq!(others.len(), names.len(), "{}: two users have one name", scenario.name);
    }
    assert!(renamed > 50, "{renamed}");
}
