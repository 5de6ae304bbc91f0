//! What the pretend users ask and what the pretend agents think, call and answer.

use super::tools::Tool;

/// One question and the way to its answer.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) agent: &'static str,
    pub(super) title: &'static str,
    pub(super) prompt: &'static str,
    /// The first is thought before any tool, each later one after a wave of tools.
    pub(super) thoughts: &'static [&'static str],
    /// Calls within a wave run in parallel; waves follow one another.
    pub(super) waves: &'static [&'static [Tool]],
    pub(super) answer: &'static str,
}

/// Why did the bill go up?
pub(super) const COSTS: Story = Story {
    agent: "cost_analyst",
    title: "October bill",
    prompt: "Why did our cloud bill go up in October? Top three reasons, please.",
    thoughts: &[
        "The user wants causes, not totals: compare October with September by service.",
        "One service grew far more than the others; check what ran there.",
    ],
    waves: &[&[Tool::SearchCosts], &[Tool::RunSql(40)]],
    answer: "Three things explain most of it:\n\n1. **GPU pool**: two nodes stayed up after the \
             load test of the 14th.\n2. **Egress**: the new export writes to another region.\n3. \
             **Logging**: debug level was left on in `eu-west-1` 📈.\n\nSwitching off the two \
             nodes alone brings you back under budget.",
};

/// A large table.
pub(super) const INVOICES: Story = Story {
    agent: "data_agent",
    title: "Largest invoices",
    prompt: "List the 440 largest invoices of the last 30 days and tell me what stands out.",
    thoughts: &[
        "A single query over invoices answers this; order by amount and cut at 440.",
        "The result is long, so summarise by customer rather than repeat it.",
    ],
    waves: &[&[Tool::RunSql(440)]],
    answer: "Here is what stands out in the 440 largest invoices:\n\n- eight customers make up all \
             of them, and 王小明 and Åsa Lindqvist alone a third;\n- nothing was paid on the 22nd;\n- \
             the largest is ten times the median.\n\nShall I export the table as CSV? 📄",
};

/// Three tools at once.
pub(super) const TICKETS: Story = Story {
    agent: "support_agent",
    title: "Open tickets",
    prompt: "Summarise the open tickets, and draft an answer in Japanese and Chinese. ありがとう！",
    thoughts: &[
        "Tickets, the refund policy and a translation are independent: fetch them in parallel.",
        "Most tickets are about billing; answer those first.",
    ],
    waves: &[&[Tool::ListTickets(24), Tool::FetchDocument(3), Tool::Translate]],
    answer: "**24 open tickets**, mostly about billing 🧾.\n\n日本語: 返金の手続きを進めております。\
             三営業日以内に完了する予定です。ご不便をおかけして申し訳ございません。\n\n中文: \
             您的退款正在处理中，通常在三个工作日内到账。给您带来不便，敬请谅解。\n\nThe login problem \
             needs a person: it happens after the password was reset.",
};

/// Code is read, then tested.
pub(super) const REVIEW: Story = Story {
    agent: "code_agent",
    title: "Retry review",
    prompt: "Can you review our reconnect code? I think the backoff never stops growing.",
    thoughts: &[
        "Read the retry module first, and its caller.",
        "The shift is bounded and so is the delay; run the tests to be sure.",
        "All pass, so the suspicion is wrong: say why.",
    ],
    waves: &[&[Tool::ReadFile, Tool::ReadFile], &[Tool::RunTests]],
    answer: "The backoff does stop:\n\n```rust\nbase.saturating_mul(1 << attempt.min(7))\
             .min(Duration::from_secs(10))\n```\n\n`attempt.min(7)` keeps the shift small and \
             `.min(10 s)` caps the result. All 24 tests pass ✅. What grows is the *jitter*, which \
             is added after the cap; move it inside.",
};

/// A search and a document.
pub(super) const RESEARCH: Story = Story {
    agent: "research_agent",
    title: "Resume after reconnect",
    prompt: "What do other chat platforms do about events that are lost during a reconnect?",
    thoughts: &[
        "Look for published practice first.",
        "The runbook of the second result has numbers worth quoting.",
    ],
    waves: &[&[Tool::WebSearch], &[Tool::FetchDocument(14)]],
    answer: "Most keep a short queue per user and a sequence number per event:\n\n- the client \
             says the last number it saw;\n- the server sends what came after, or says that it \
             no longer can;\n- without numbers nobody can tell *late* from *lost* 🤷.\n\nA queue of \
             a few hundred events covers almost every reconnect.",
};

/// Small talk with a small tool.
pub(super) const TRIP: Story = Story {
    agent: "assistant",
    title: "京都の天気",
    prompt: "明日の京都の天気はどうですか？散歩に行けますか。",
    thoughts: &["天気を調べてから、散歩の提案をします。簡単な質問なので短く答えます。"],
    waves: &[&[Tool::Weather]],
    answer: "明日の京都は散歩にぴったりです 🍁。朝は少し冷えるので、上着があると安心です。\
             おすすめは哲学の道から南禅寺までの一時間ほどのコースです。紅葉がちょうど見頃を迎えています。",
};

/// No tools at all.
pub(super) const EXPLAIN: Story = Story {
    agent: "assistant",
    title: "What is a mask key",
    prompt: "Explain like I'm new here: why does a WebSocket client mask its frames? 🎭",
    thoughts: &["This is a question of background: no tool is needed, a short answer is enough."],
    waves: &[],
    answer: "Because of *other people's* machines. Old caches sit between browser and server and \
             may take bytes they don't understand for HTTP. If a page could choose the exact bytes, \
             it could feed such a cache a forged answer. So each frame is mixed with a fresh random \
             key: the page controls the text, but not what it looks like on the wire.",
};

/// Three waves of tools, one after another: the longest of all.
pub(super) const AUDIT: Story = Story {
    agent: "data_agent",
    title: "Duplicate payments",
    prompt: "Were any October invoices paid twice? Check the costs, the table and our docs.",
    thoughts: &[
        "Start with the totals: a double payment shows as a jump in one service.",
        "Now the table: same customer, same amount, two days apart.",
        "Two candidates; see what the documentation says about retries of payments.",
        "A retry without an idempotency key explains both.",
    ],
    waves: &[&[Tool::SearchCosts], &[Tool::RunSql(25)], &[Tool::WebSearch]],
    answer: "Two invoices were paid twice, both on a day when the payment service answered late:\n\n\
             - the client gave up after 10 s and tried again;\n- the first attempt had succeeded;\n\
             - no idempotency key was sent, so the second one counted too 💸.\n\nI can draft the \
             two refunds. The fix is one header: `Idempotency-Key`.",
};

/// A wide comparison.
pub(super) const REGIONS: Story = Story {
    agent: "cost_analyst",
    title: "Two regions",
    prompt: "Compare costs of our two busiest regions and check what the runbook says on egress.",
    thoughts: &[
        "Both regions and the runbook can be fetched at the same time.",
        "The difference is egress, as suspected; quote the runbook's limit.",
    ],
    waves: &[&[Tool::SearchCosts, Tool::SearchCosts, Tool::FetchDocument(2)]],
    answer: "| | eu-west-1 | us-east-1 |\n|---|---:|---:|\n| compute | lower | higher |\n| egress \
             | **3x** | 1x |\n\nThe runbook wants exports to stay in their region; yours don't. 🌍",
};

/// What users ask by the way; [`INVOICES`] is too large for that.
pub(super) const STORIES: [&Story; 8] =
    [&AUDIT, &COSTS, &TICKETS, &REVIEW, &RESEARCH, &TRIP, &EXPLAIN, &REGIONS];

/// `text` in pieces as a model streams them: a few words each, or a few characters where there are
/// no spaces. Joined again they are `text`.
pub(super) fn pieces(text: &str, mut length: impl FnMut() -> u64) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut wanted = length();
    let mut characters = 0;
    for character in text.chars() {
        if characters >= wanted && (character == ' ' || !character.is_ascii()) {
            pieces.push(std::mem::take(&mut piece));
            wanted = length();
            characters = 0;
        }
        piece.push(character);
        // A CJK character says about as much as half a word.
        characters += if character.is_ascii() { 1 } else { 3 };
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::{STORIES, pieces};

    #[test]
    fn pieces_join_to_the_text() {
        for story in STORIES {
            let pieces = pieces(story.answer, || 12);
            assert!(pieces.len() > 8, "{}", story.title);
            assert_eq!(pieces.concat(), story.answer);
        }
    }

    #[test]
    fn one_thought_before_the_tools_and_one_after_each_wave() {
        for story in STORIES {
            assert!(!story.thoughts.is_empty());
            assert!(story.thoughts.len() <= story.waves.len() + 1, "{}", story.title);
        }
    }
}
