//! Names of members, and texts → what they usually mean.

/// Members that hold a user's id.
const USERS: [&str; 8] =
    ["user_id", "userid", "user", "uid", "sub", "owner_id", "account_id", "customer_id"];

/// Members that hold what people wrote, or a model.
const FREE_TEXT: [&str; 22] = [
    "answer",
    "body",
    "comment",
    "completion",
    "content",
    "delta",
    "description",
    "input",
    "instructions",
    "message",
    "name",
    "note",
    "output",
    "prompt",
    "query",
    "question",
    "response",
    "result",
    "summary",
    "text",
    "thought",
    "title",
];

/// Letters of a text that says something about somebody: words of a protocol are shorter.
pub(super) const FREE_TEXT_FROM: usize = 24;

/// Members that are kept in strict reports: types and times.
const KEPT: [&str; 26] = [
    "ack",
    "action",
    "agent",
    "agentname",
    "channel",
    "createdat",
    "cursor",
    "event",
    "eventtype",
    "index",
    "jsonrpc",
    "kind",
    "messagetype",
    "method",
    "op",
    "order",
    "role",
    "seq",
    "sequence",
    "sequencenumber",
    "state",
    "status",
    "timestamp",
    "toolname",
    "type",
    "ts",
];

/// Of these, those that say what kind of event it is.
const TYPES: [&str; 8] =
    ["event", "eventtype", "jsonrpc", "kind", "messagetype", "method", "op", "type"];

/// A member of this name holds the id of a user.
pub(super) fn is_user_name(key: &str) -> bool {
    USERS.contains(&key.to_ascii_lowercase().as_str())
}

/// What people wrote, or a model.
pub(super) fn is_free_text(key: &str, text: &str) -> bool {
    text.contains(' ')
        && text.chars().count() >= FREE_TEXT_FROM
        && FREE_TEXT.contains(&key.to_ascii_lowercase().as_str())
}

/// A member of this name is kept in strict reports.
pub(super) fn is_kept_name(key: &str) -> bool {
    let plain: String =
        key.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect();
    KEPT.contains(&plain.as_str()) || is_id(key)
}

/// Words of transports, and not what anybody wrote: `2`, `40`, `ping`.
pub(super) fn is_protocol(text: &str) -> bool {
    text.len() < 6
}

/// A member of this name says what kind of event it is in.
pub(super) fn is_type_name(key: &str) -> bool {
    let plain: String =
        key.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect();
    TYPES.contains(&plain.as_str())
}

/// A member of this name holds the id of a thing.
pub(super) fn is_id(key: &str) -> bool {
    let plain = key.to_ascii_lowercase();
    plain == "id"
        || plain == "ids"
        || plain.ends_with("_id")
        || plain == "uuid"
        || key.ends_with("Id")
}
