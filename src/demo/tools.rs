//! The agents' tools: a call's arguments and its result, 0.1 to 50 KB, as real ones look.

use std::fmt::Write as _;

use super::json::{Json, list, object};
use super::random::Random;

/// A tool that an agent can call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Cloud costs by service.
    SearchCosts,
    /// SQL with this many result rows (about 130 bytes each).
    RunSql(u64),
    /// Results of a web search.
    WebSearch,
    /// A source file.
    ReadFile,
    /// A Markdown document of this many sections (about 600 bytes each).
    FetchDocument(u64),
    /// Support tickets, in the customers' languages.
    ListTickets(u64),
    /// A translation.
    Translate,
    /// Weather at a place.
    Weather,
    /// The output of a test run.
    RunTests,
}

/// A call of a tool, ready to be put into messages.
pub(super) struct Call {
    pub(super) tool: &'static str,
    pub(super) parameters: Json,
    pub(super) result: Json,
}

const SERVICES: [&str; 8] =
    ["compute", "object-storage", "managed-sql", "egress", "gpu-pool", "queue", "cdn", "logging"];
const REGIONS: [&str; 5] =
    ["eu-west-1", "eu-central-1", "us-east-1", "ap-northeast-1", "sa-east-1"];
const CUSTOMERS: [&str; 8] = [
    "Åsa Lindqvist",
    "田中 美咲",
    "Miguel Ortega",
    "김서연",
    "Zoë O'Neill",
    "王小明",
    "Priya Nair",
    "Łukasz Wójcik",
];
const COMPLAINTS: [&str; 7] = [
    "The invoice for October was charged twice, please refund one of them.",
    "ログインできません。パスワードを再設定しても同じエラーが出ます。",
    "L'export CSV s'arrête à 10 000 lignes 😕",
    "Mobile app crashes when I open a shared board (iOS 19.1).",
    "发票抬头写错了，请重新开具。谢谢！",
    "Great update, the new timeline view is 🔥 but it forgets my filter.",
    "알림 메일이 하루에 열 번씩 와요. 끄는 방법을 알려주세요.",
];
const SENTENCES: [&str; 10] = [
    "Retries are safe only where the receiver can tell a repeat from a new request.",
    "Each region keeps its own ledger; the totals are joined once an hour.",
    "A queue hides the problem until it is full, and then it shows it all at once.",
    "接続が切れた場合は、最後に受け取ったイベントから再開します。",
    "Measure first: three of the four slow endpoints spent their time waiting for a lock.",
    "The limit is 100 requests a minute and key; bursts of 20 are tolerated.",
    "退款通常在三个工作日内到账。",
    "Rollbacks take about four minutes, of which three are spent draining connections.",
    "On-call changes on Tuesdays at 10:00 UTC, so that nobody hands over on a Friday. 🙂",
    "Nothing here is secret: the tokens in the examples are made up.",
];
const CODE: &str = "pub fn retry_delay(attempt: u32) -> Duration {\n    // 100 ms doubled per \
                    attempt, at most 10 s, so that a dead server is not hammered.\n    let base = \
                    Duration::from_millis(100);\n    base.saturating_mul(1 << attempt.min(7))\
                    .min(Duration::from_secs(10))\n}\n\n#[test]\nfn grows_and_stops() {\n    \
                    assert_eq!(retry_delay(0), Duration::from_millis(100));\n    \
                    assert_eq!(retry_delay(40), Duration::from_secs(10));\n}\n";

impl Tool {
    /// A call with arguments and a result from `random`.
    pub(super) fn call(self, random: &mut Random) -> Call {
        let (tool, parameters, result) = match self {
            Self::SearchCosts => search_costs(random),
            Self::RunSql(rows) => run_sql(random, rows),
            Self::WebSearch => web_search(random),
            Self::ReadFile => read_file(random),
            Self::FetchDocument(sections) => fetch_document(random, sections),
            Self::ListTickets(count) => list_tickets(random, count),
            Self::Translate => translate(),
            Self::Weather => weather(random),
            Self::RunTests => run_tests(random),
        };
        Call { tool, parameters, result }
    }
}

fn search_costs(random: &mut Random) -> (&'static str, Json, Json) {
    let region = *random.pick(&REGIONS);
    let services = SERVICES.map(|service| {
        object([
            ("service", service.into()),
            ("usd", Json::Hundredths(random.between(1_200, 980_000) as i64)),
            ("change_percent", Json::Hundredths(random.between(0, 4_000) as i64)),
            ("resources", random.between(1, 400).into()),
        ])
    });
    let range = list(["2026-10-01".into(), "2026-10-31".into()]);
    let parameters =
        object([("region", region.into()), ("range", range), ("group_by", "service".into())]);
    (
        "search_costs",
        parameters,
        object([
            ("region", region.into()),
            ("currency", "USD".into()),
            ("services", list(services)),
        ]),
    )
}

fn run_sql(random: &mut Random, rows: u64) -> (&'static str, Json, Json) {
    let sql = "SELECT id, customer, region, amount_usd, paid_at FROM invoices\n  WHERE paid_at >= \
               date('now', '-30 day') ORDER BY amount_usd DESC LIMIT ?";
    let parameters = object([("sql", sql.into()), ("arguments", list([rows.into()]))]);
    let table = (0..rows).map(|_| {
        object([
            ("id", random.between(100_000, 999_999).into()),
            ("customer", (*random.pick(&CUSTOMERS)).into()),
            ("region", (*random.pick(&REGIONS)).into()),
            ("amount_usd", Json::Hundredths(random.between(500, 5_000_000) as i64)),
            ("paid_at", format!("2026-11-{:02}", random.between(1, 21)).into()),
        ])
    });
    let table = list(table.collect::<Vec<_>>());
    let result = object([("row_count", rows.into()), ("rows", table), ("truncated", false.into())]);
    ("run_sql", parameters, result)
}

fn web_search(random: &mut Random) -> (&'static str, Json, Json) {
    let results = (1..=random.between(4, 9)).map(|rank| {
        let snippet = format!("{} {}", random.pick(&SENTENCES), random.pick(&SENTENCES));
        object([
            ("rank", rank.into()),
            ("title", (*random.pick(&SENTENCES)).into()),
            ("url", format!("https://docs.example.test/a/{}", random.hex(10)).into()),
            ("snippet", snippet.into()),
            ("score", Json::Hundredths(random.between(40, 99) as i64)),
        ])
    });
    let results = list(results.collect::<Vec<_>>());
    let parameters = object([
        ("query", "websocket reconnect resume lost events".into()),
        ("limit", 10_u64.into()),
    ]);
    ("web_search", parameters, object([("results", results)]))
}

fn read_file(random: &mut Random) -> (&'static str, Json, Json) {
    let path = format!("src/net/retry_{}.rs", random.hex(4));
    let content = CODE.repeat(random.between(1, 12) as usize);
    let result = object([
        ("path", path.clone().into()),
        ("language", "rust".into()),
        ("lines", (content.lines().count() as u64).into()),
        ("content", content.into()),
    ]);
    ("read_file", object([("path", path.into())]), result)
}

fn fetch_document(random: &mut Random, sections: u64) -> (&'static str, Json, Json) {
    let mut text = String::from("# Runbook: reconnects 📘\n\n");
    for section in 1..=sections {
        let _ = write!(text, "## {section}. Step {}\n\n", random.hex(3));
        for _ in 0..4 {
            let _ = writeln!(text, "- {}", random.pick(&SENTENCES));
        }
        text.push_str("\n| region | p50 | p99 |\n|---|---:|---:|\n");
        for region in REGIONS {
            let (p50, p99) = (random.between(8, 40), random.between(60, 900));
            let _ = writeln!(text, "| {region} | {p50} ms | {p99} ms |");
        }
        text.push_str(
            "\n```sh\ncurl -sS https://status.example.test/v1/regions | jq '.[]'\n```\n\n",
        );
    }
    let id = format!("doc_{}", random.hex(8));
    let result = object([
        ("document_id", id.clone().into()),
        ("mime", "text/markdown".into()),
        ("content", text.into()),
    ]);
    ("fetch_document", object([("document_id", id.into())]), result)
}

fn list_tickets(random: &mut Random, count: u64) -> (&'static str, Json, Json) {
    let tickets = (0..count).map(|_| {
        object([
            ("ticket", format!("T-{}", random.between(10_000, 99_999)).into()),
            ("customer", (*random.pick(&CUSTOMERS)).into()),
            ("text", (*random.pick(&COMPLAINTS)).into()),
            ("priority", (*random.pick(&["low", "normal", "high"])).into()),
            ("tags", list([(*random.pick(&["billing", "login", "export", "mobile"])).into()])),
        ])
    });
    let tickets = list(tickets.collect::<Vec<_>>());
    let parameters = object([("status", "open".into()), ("limit", count.into())]);
    ("list_tickets", parameters, object([("tickets", tickets)]))
}

fn translate() -> (&'static str, Json, Json) {
    let parameters = object([
        ("text", "Your refund is on its way.".into()),
        ("to", list(["ja".into(), "zh".into()])),
    ]);
    let result = object([
        ("ja", "返金の手続きを進めております。".into()),
        ("zh", "您的退款正在处理中。".into()),
    ]);
    ("translate", parameters, result)
}

fn weather(random: &mut Random) -> (&'static str, Json, Json) {
    let result = object([
        ("celsius", Json::Hundredths(random.between(200, 2_600) as i64)),
        ("sky", (*random.pick(&["☀️ clear", "🌧 rain", "⛅ some clouds"])).into()),
    ]);
    ("get_weather", object([("place", "京都".into())]), result)
}

fn run_tests(random: &mut Random) -> (&'static str, Json, Json) {
    let mut output = String::from("\u{1b}[1mrunning 24 tests\u{1b}[0m\n");
    for index in 1..=24 {
        let name = random.hex(4);
        let _ = writeln!(output, "test net::case_{index:02}_{name} ... \u{1b}[32mok\u{1b}[0m");
    }
    output.push_str("\ntest result: ok. 24 passed; 0 failed; finished in 0.41s\n");
    let result = object([("exit_code", 0_u64.into()), ("output", output.into())]);
    ("run_tests", object([("filter", "net::".into())]), result)
}
