//! Wiretape beside no proxy, a bare TCP relay and mitmproxy, in one run, round after round.
//!
//! `cargo bench --bench relay [-- SCENARIO…] [--rounds N] [--held SECONDS] [--quick]`, where a
//! scenario is one of `one tokens trips streams bulk flood held idle start`. Every subject, the
//! load and the server are processes of their own; Wiretape is the real binary and records
//! everything, and its recording is checked against what was sent. Only ratios inside one run mean
//! anything. mitmproxy takes part if `MITMDUMP` names its `mitmdump`, or the path has it.
//! `WIRETAPE_BIN` names another build of `wiretape` to measure, for a before and an after.

#![expect(clippy::print_stdout, reason = "the tables are this program's output")]

mod support;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use serde::de::DeserializeOwned;

use support::scenario::{self, Case, Lengths};
use support::subject::Subject;
use support::table::Rounds;
use support::{bare, clock, load, process, run, server};

/// No round is begun after this, so that a run stays under four minutes.
const LAST_ROUND: Duration = Duration::from_secs(170);

/// Descriptors of a process besides those of its connections.
const OTHER_DESCRIPTORS: u64 = 300;

/// What the command line asks for.
struct Asked {
    scenarios: Vec<String>,
    rounds: usize,
    lengths: Lengths,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Best effort: the idle scenario asks only for as many connections as there are descriptors.
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let first = arguments.first().map_or("", String::as_str);
    let done = match first.strip_prefix(process::ROLE) {
        Some(role) => play(role, arguments.get(1).map_or("null", String::as_str)),
        None if first == "--list" => Ok(()),
        None => match Asked::parse(&arguments, descriptors) {
            Ok(asked) => {
                compare(&asked);
                Ok(())
            }
            Err(wrong) => {
                println!("{wrong}");
                return ExitCode::from(2);
            }
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{first}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A child's part.
fn play(role: &str, plan: &str) -> io::Result<()> {
    process::limit_role();
    match role {
        "server" => server::run(read(plan)?),
        "load" => load::run(&read(plan)?),
        "bare" => bare::run(read(plan)?),
        "spin" => {
            process::spin();
            Ok(())
        }
        other => Err(io::Error::other(format!("no role {other}"))),
    }
}

fn read<T: DeserializeOwned>(plan: &str) -> io::Result<T> {
    Ok(serde_json::from_str(plan)?)
}

/// Every case with every subject, once a round; then the tables.
fn compare(asked: &Asked) {
    let cases: Vec<Case> = scenario::all(asked.lengths)
        .into_iter()
        .filter(|case| asked.wants(case.scenario))
        .collect();
    let mut rounds: Vec<Rounds> = cases.iter().map(|_| Rounds::default()).collect();
    let start = clock::now();
    for round in 0..asked.rounds {
        if start.elapsed() > LAST_ROUND {
            println!("{round} of {} rounds: out of time", asked.rounds);
            break;
        }
        for (case, rounds) in cases.iter().zip(&mut rounds) {
            if round > 0 && case.rounds == scenario::Rounds::First {
                continue;
            }
            rounds.open();
            for subject in case.subjects.iter().copied().filter(|subject| subject.is_here()) {
                // It starts slowly, and its ratios are far from their bounds: once is enough.
                if round > 0 && subject == Subject::Mitmproxy {
                    continue;
                }
                rounds.add(subject, run::once(case, subject));
            }
        }
    }
    for (case, rounds) in cases.iter().zip(&rounds) {
        print!("{}", rounds.table(case));
    }
    if !Subject::Mitmproxy.is_here() {
        println!("\nmitmproxy is not here: name its mitmdump in MITMDUMP to compare with it.");
    }
    println!("\n{:.0} s in all.", start.elapsed().as_secs_f64());
}

impl Asked {
    fn parse(arguments: &[String], descriptors: u64) -> Result<Self, String> {
        let idle = ((descriptors.saturating_sub(OTHER_DESCRIPTORS)) / 2).min(10_000) as usize;
        let mut asked = Self {
            scenarios: Vec::new(),
            rounds: 3,
            lengths: Lengths { warm_millis: 250, millis: 1_000, held_millis: 10_000, idle },
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let number = arguments.next().and_then(|number| number.parse::<u32>().ok());
                number.ok_or_else(|| format!("{argument} needs a number"))
            };
            match argument.as_str() {
                // What cargo adds.
                "--bench" => {}
                "--rounds" => asked.rounds = number()? as usize,
                "--held" => asked.lengths.held_millis = u64::from(number()?) * 1_000,
                "--quick" => {
                    asked.rounds = 1;
                    let idle = idle.min(1_000);
                    asked.lengths =
                        Lengths { warm_millis: 100, millis: 300, held_millis: 2_000, idle };
                }
                flag if flag.starts_with('-') => return Err(format!("unknown: {flag}")),
                scenario => asked.scenarios.push(scenario.to_owned()),
            }
        }
        Ok(asked)
    }

    fn wants(&self, scenario: &str) -> bool {
        self.scenarios.is_empty() || self.scenarios.iter().any(|wanted| wanted == scenario)
    }
}
