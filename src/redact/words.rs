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

/// Words in queries that are everybody's, besides all of the above.
const COMMON: [&str; 26] = [
    "agent",
    "b64",
    "client",
    "debug",
    "eio",
    "format",
    "j",
    "lang",
    "language",
    "limit",
    "locale",
    "mode",
    "model",
    "page",
    "protocol",
    "q",
    "reconnect",
    "room",
    "stream",
    "t",
    "tenant",
    "transport",
    "v",
    "version",
    "vsn",
    "workspace",
];

/// Everybody calls things so.
pub(super) fn is_common(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    [&COMMON[..], &USERS, &FREE_TEXT, &KEPT].iter().any(|known| known.contains(&word.as_str()))
}

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
    KEPT.contains(&plain(key).as_str()) || is_id(key)
}

/// Words of transports, and not what anybody wrote: `2`, `40`, `ping`.
pub(super) fn is_protocol(text: &str) -> bool {
    text.len() < 6
}

/// A member of this name says what kind of event it is in.
pub(super) fn is_type_name(key: &str) -> bool {
    TYPES.contains(&plain(key).as_str())
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

/// Members that hold the number of a telephone.
const PHONES: [&str; 12] = [
    "cell",
    "cellphone",
    "fax",
    "handy",
    "mobile",
    "mobilenumber",
    "msisdn",
    "phone",
    "phonenumber",
    "tel",
    "telephone",
    "whatsapp",
];

/// A member of this name holds the number of a telephone.
pub(super) fn is_phone_name(key: &str) -> bool {
    PHONES.contains(&plain(key).as_str())
}

/// A member of this name holds a number of social security.
pub(super) fn is_ssn_name(key: &str) -> bool {
    ["ssn", "socialsecurity", "socialsecuritynumber"].contains(&plain(key).as_str())
}

/// As names are compared: in lower case, without what is between their words.
pub(super) fn plain(key: &str) -> String {
    let mut key = key.to_ascii_lowercase();
    key.retain(|letter| !matches!(letter, '_' | '-' | '.' | ' '));
    key
}
