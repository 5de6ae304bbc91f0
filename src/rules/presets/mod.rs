//! Names → rules files that come with Wiretape.

use super::RuleBook;
use super::language;

/// A rules file that comes with Wiretape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What `preset = "…"` and `--rules` call it.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// The file.
    pub text: &'static str,
}

const PRESETS: [Preset; 8] = [
    Preset {
        name: "agent",
        about: "AI chat: agent runs with thinking, tools and sub-agents, every known shape",
        text: include_str!("agent.toml"),
    },
    Preset {
        name: "agent-strict",
        about: "as agent, and each run has all five events in their order",
        text: include_str!("agent-strict.toml"),
    },
    Preset {
        name: "ag-ui",
        about: "AG-UI events over WebSocket",
        text: include_str!("ag-ui.toml"),
    },
    Preset {
        name: "graphql-transport-ws",
        about: "GraphQL subscriptions, the graphql-ws library's protocol",
        text: include_str!("graphql-transport-ws.toml"),
    },
    Preset {
        name: "json-rpc",
        about: "JSON-RPC 2.0 in both directions, batches too",
        text: include_str!("json-rpc.toml"),
    },
    Preset {
        name: "socket.io",
        about: "Socket.IO 5 over Engine.IO 4: acknowledgements and heartbeats",
        text: include_str!("socket.io.toml"),
    },
    Preset {
        name: "pairs",
        about: "any protocol: what begins has to end; learns from the traffic which events do",
        text: include_str!("pairs.toml"),
    },
    Preset {
        name: "none",
        about: "no rules: messages get names, and nothing is judged",
        text: include_str!("none.toml"),
    },
];

/// All of them.
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

/// The rules of the preset called `name`.
pub fn preset(name: &str) -> Option<RuleBook> {
    let preset = PRESETS.iter().find(|preset| preset.name == name)?;
    let mut book = language::read(&format!("{name} (preset)"), preset.text).ok()?;
    name.clone_into(&mut book.name);
    Some(book)
}

#[cfg(test)]
mod tests {
    use super::{preset, presets};
    use crate::rules::language;

    #[test]
    fn every_preset_reads_without_a_word_of_complaint() {
        for each in presets() {
            let checked = language::check(each.name, each.text);
            let told: String = checked
                .diagnostics
                .iter()
                .map(|diagnostic| diagnostic.render(each.name, each.text))
                .collect();
            assert!(told.is_empty(), "{told}");
            assert_eq!(preset(each.name).unwrap().name, each.name);
        }
        assert_eq!(preset("nothing like it"), None);
    }
}
