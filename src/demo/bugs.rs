//! The five bugs that the demo's server has on purpose, as a person would report them.

/// A bug planted in the demo's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bug {
    /// The code of the finding it leads to.
    pub code: &'static str,
    /// The user who suffers it.
    pub user: &'static str,
    /// What goes wrong on the wire, in one sentence without a full stop.
    pub sentence: &'static str,
}

/// All of them, in the order in which they happen.
pub const PLANTED: [Bug; 5] = [
    Bug {
        code: "E108",
        user: "user_02",
        sentence: "user_05's tool_completed also arrives on user_02's connection",
    },
    Bug {
        code: "E102",
        user: "user_07",
        sentence: "tool_completed of search_costs never comes: the connection breaks, \
                   and after the reconnect and resume the server says nothing more of that run",
    },
    Bug {
        code: "E108",
        user: "user_10",
        sentence: "as soon as user_10 connects, user_09's events arrive there, \
                   until user_09 sends its next ping (one handler shared by all sockets)",
    },
    Bug {
        code: "E104",
        user: "user_11",
        sentence: "the agent goes on thinking after agent_completed of the same run",
    },
    Bug {
        code: "E101",
        user: "user_01",
        sentence: "agent_started, then only pings: the run's events go to a thread \
                   that no connection listens to",
    },
];
