//! A rate of more than are remembered one by one: none that is in order is blamed.

use wiretape::rules::language;
use wiretape::wire::Direction::ClientToServer;

use crate::support::traffic::Traffic;

/// How often more than a thousand a second are told of, where one comes every so many nanoseconds.
fn told(every_ns: u64, count: u64) -> usize {
    let text = "version = 1\n[fields]\ntype = '/type'\n[[rule]]\nid = 'r'\nscope = 'conn'\n\
        rate = { event = 'a', max = 1000, per = '1s' }\n";
    let mut traffic = Traffic::new(language::read("rules.toml", text).unwrap());
    traffic.open(1, "ada", 0);
    for n in 1..=count {
        traffic.say(1, ClientToServer, n * every_ns, r#"{"type":"a"}"#);
    }
    let ended = traffic.end(1);
    ended.engine().findings().iter().filter(|finding| finding.rule == "r").count()
}

#[test]
fn many_a_second_are_counted_by_the_second() {
    assert_eq!(told(1_000_000, 5000), 0, "exactly as many as may come");
    assert_eq!(told(10, 1000), 0, "all at once, and no more than that");
    assert_eq!(told(900_000, 5000), 1, "a tenth too many, once");
    assert_eq!(told(10, 1010), 1);
}
