//! One read-only SQL statement on an opened recording → its rows, one at a time.

use std::ops::ControlFlow;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;

use super::RecordingError;
use super::reader::RecordingReader;

/// Longest value a query may build, in bytes: a long `group_concat`, not the machine's memory.
const MAX_VALUE: i32 = 64 * 1024 * 1024;

/// SQLite's steps between two times the caller is asked whether to go on; some 100 µs.
const STEPS_A_LOOK: i32 = 10_000;

/// What may be asked about the file itself.
const PRAGMAS: [&str; 7] = [
    "application_id",
    "page_count",
    "page_size",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
];

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// A number with a point.
    Real(f64),
    /// Text; untrusted, and not always UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

/// Takes a query's result.
pub trait QueryRows {
    /// The columns' names, once, before the rows.
    fn columns(&mut self, names: &[&str]);
    /// The next row.
    fn row(&mut self, values: &[Value<'_>]) -> ControlFlow<()>;
}

impl RecordingReader {
    /// Runs `sql` and hands out its rows as they are found. `stop` is asked often; once it says
    /// yes the query ends with [`RecordingError::QueryStopped`].
    ///
    /// While rows are handed out the file's state is held: whoever takes minutes for them lets a
    /// live recording's log grow meanwhile.
    pub fn query(
        &mut self,
        sql: &str,
        stop: impl FnMut() -> bool + Send + 'static,
        rows: &mut dyn QueryRows,
    ) -> Result<(), RecordingError> {
        self.database
            .set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)
            .map_err(|e| sql_error(&e))?;
        self.database.authorizer(Some(authorize)).map_err(|error| sql_error(&error))?;
        self.database
            .progress_handler(STEPS_A_LOOK, Some(stop))
            .map_err(|error| sql_error(&error))?;
        let result = self.run(sql, rows);
        let none = None::<fn(AuthContext<'_>) -> Authorization>;
        self.database.authorizer(none).map_err(|error| sql_error(&error))?;
        self.database
            .progress_handler(0, None::<fn() -> bool>)
            .map_err(|error| sql_error(&error))?;
        result
    }

    fn run(&self, sql: &str, rows: &mut dyn QueryRows) -> Result<(), RecordingError> {
        let mut statement = self.database.prepare(sql).map_err(|error| sql_error(&error))?;
        if !statement.readonly() {
            return Err(RecordingError::QueryRefused { why: REFUSED });
        }
        if statement.parameter_count() > 0 {
            return Err(RecordingError::QueryRefused { why: "it has parameters without values" });
        }
        rows.columns(&statement.column_names().collect::<Vec<_>>());
        let count = statement.column_count();
        let mut found = statement.raw_query();
        while let Some(row) = found.next().map_err(|error| sql_error(&error))? {
            let mut values = Vec::with_capacity(count);
            for column in 0..count {
                values.push(match row.get_ref(column).map_err(|error| sql_error(&error))? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Integer(number),
                    ValueRef::Real(number) => Value::Real(number),
                    ValueRef::Text(text) => Value::Text(text),
                    ValueRef::Blob(bytes) => Value::Blob(bytes),
                });
            }
            if rows.row(&values).is_break() {
                break;
            }
        }
        Ok(())
    }
}

const REFUSED: &str = "a recording is only read: one SELECT, and nothing that writes, attaches \
    another file or changes settings";

fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } => {
            if function_name.eq_ignore_ascii_case("load_extension") {
                Authorization::Deny
            } else {
                Authorization::Allow
            }
        }
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let table = pragma_name.starts_with("table_");
            let known = PRAGMAS.iter().any(|known| pragma_name.eq_ignore_ascii_case(known));
            if known && (table || pragma_value.is_none()) {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }
        _ => Authorization::Deny,
    }
}

fn sql_error(error: &rusqlite::Error) -> RecordingError {
    use rusqlite::ErrorCode::{AuthorizationForStatementDenied, OperationInterrupted, ReadOnly};
    match error.sqlite_error_code() {
        Some(AuthorizationForStatementDenied | ReadOnly) => {
            return RecordingError::QueryRefused { why: REFUSED };
        }
        Some(OperationInterrupted) => return RecordingError::QueryStopped,
        _ => {}
    }
    match error {
        rusqlite::Error::MultipleStatement => {
            RecordingError::QueryRefused { why: "it is more than one statement" }
        }
        rusqlite::Error::Empty => RecordingError::QueryRefused { why: "it is empty" },
        // A function that may not be used is told in words, without a code of its own.
        rusqlite::Error::SqlInputError { msg, .. } if msg.starts_with("not authorized") => {
            RecordingError::QueryRefused { why: REFUSED }
        }
        rusqlite::Error::SqlInputError { msg, .. } => RecordingError::Query { why: msg.clone() },
        rusqlite::Error::SqliteFailure(_, Some(why)) => RecordingError::Query { why: why.clone() },
        other => RecordingError::Query { why: other.to_string() },
    }
}
