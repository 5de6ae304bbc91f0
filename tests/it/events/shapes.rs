//! Every shape that one chat platform's messages have had, through one reading.

use super::{IN, OUT, Reader, agent};
use wiretape::wire::Direction;

/// Messages and the lines that they give.
#[track_caller]
fn check(direction: Direction, table: &[(&str, &str)]) {
    for (text, expected) in table {
        let mut reader = Reader::new(agent());
        assert_eq!(reader.text(direction, text), [*expected], "{text}");
    }
}

#[test]
fn what_servers_sent_in_the_first_generations() {
    check(
        IN,
        &[
            // S1: the notifier.
            (
                r#"{"type":"agent_started","payload":{"agent_name":"A","run_id":"R","timestamp":1.7e9},"timestamp":"2025-10-08T12:00:00+00:00","thread_id":"T","message_id":"m1","requires_confirmation":true}"#,
                "agent_started thread=T run=R msg_id=m1 ts=Integer(1759924800000000000)",
            ),
            (
                r#"{"type":"agent_thinking","payload":{"thought":"..","agent_name":"A","step_number":1,"timestamp":1.7e9}}"#,
                "agent_thinking",
            ),
            // S2: the bridge.
            (
                r#"{"type":"tool_executing","run_id":"thread_thread_86db_run_1756905054017_54480004","agent_name":"A","timestamp":"2025-10-08T12:00:00Z","payload":{"tool_name":"t","parameters":{},"status":"executing"},"trace":{}}"#,
                "tool_executing thread=thread_86db run=thread_thread_86db_run_1756905054017_54480004 tool=t ts=Integer(1759924800000000000)",
            ),
            // S2b: spread at the top.
            (r#"{"type":"agent_thinking","run_id":"R","reasoning":".."}"#, "agent_thinking run=R"),
            // S3: the factory's emitter.
            (
                r#"{"event_type":"tool_completed","event_id":"e1","thread_id":"T","data":{"tool_name":"t","tool_output":{},"run_id":"R","correlation_id":"C"}}"#,
                "tool_completed thread=T run=R tool=t msg_id=e1",
            ),
            // S3b: the user emitter.
            (
                r#"{"type":"agent_completed","payload":{},"run_id":"R","thread_id":"T","agent_name":"A"}"#,
                "agent_completed thread=T run=R",
            ),
            // S4: critical, its time without a zone.
            (
                r#"{"type":"tool_executing","data":{"tool":"t","run_id":"R","thread_id":"T","timestamp":1.7e9},"timestamp":"2025-10-08T12:00:00.5","critical":true,"attempt":null}"#,
                "tool_executing thread=T run=R tool=t ts=Integer(1759924800500000000)",
            ),
            // S5: the welcome in a wrapper, and a heartbeat.
            (
                r#"{"type":"system_message","data":{"event":"connection_established","user_id":"U"},"timestamp":1700000000.25,"server_id":null,"correlation_id":null}"#,
                "connection_established ts=Integer(1700000000250000000)",
            ),
            (
                r#"{"type":"system_message","data":{"status":"typing_acknowledged"}}"#,
                "system_message",
            ),
            (
                r#"{"type":"ping","data":{"timestamp":1.7e9}}"#,
                "ping ts=Integer(1700000000000000000)",
            ),
            // S6: an error.
            (
                r#"{"type":"error_message","error_code":"FORMAT_ERROR","details":{},"recovery_suggestions":null}"#,
                "error_message",
            ),
        ],
    );
}

#[test]
fn what_servers_sent_later() {
    check(
        IN,
        &[
            // S7: progress, with two keys that could be the type.
            (
                r#"{"event":"service_initializing","message_type":"initialization_progress","message_id":"init_progress_3"}"#,
                "service_initializing msg_id=init_progress_3",
            ),
            // S8: both keys.
            (
                r#"{"type":"agent_started","event":"agent_started","user_id":"U","thread_id":"T"}"#,
                "agent_started user=U thread=T",
            ),
            // S9 and S10: flat, with placeholders for ids.
            (
                r#"{"type":"agent_started","user_id":"U","thread_id":"T","execution_id":null,"critical":true,"timestamp":1700000000}"#,
                "agent_started user=U thread=T ts=Integer(1700000000000000000)",
            ),
            (
                r#"{"type":"agent_thinking","user_id":"U","thread_id":"T","run_id":"unknown_run","correlation_id":"C"}"#,
                "agent_thinking user=U thread=T run=C",
            ),
            (r#"{"type":"agent_registered","run_id":"registry"}"#, "agent_registered"),
            // S11: by a schema.
            (
                r#"{"type":"agent_started","event_id":"evt_agent_started_1","run_id":"R","data":{},"metadata":{}}"#,
                "agent_started run=R msg_id=evt_agent_started_1",
            ),
            // S12: a wrapper with the name beside the type.
            (
                r#"{"type":"system_message","event":"agent_started","payload":{"run_id":"R","thread_id":"T"}}"#,
                "agent_started thread=T run=R",
            ),
            (
                r#"{"type":"system_message","payload":{"event":"agent_started","parent_run_id":"P"}}"#,
                "agent_started run=P",
            ),
            // S13: chunks.
            (
                r#"{"message_type":"chunked_data","data":"QUJD","metadata":{},"message_id":"m","chunk_index":0}"#,
                "chunked_data msg_id=m",
            ),
            // S14: JSON-RPC, of which this reading knows nothing.
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "_untyped"),
            // S15: what the serializer falls back to.
            (
                r#"{"type":"DeepAgentState","payload":"DeepAgentState(run_id='R')","serialization_error":"x"}"#,
                "DeepAgentState",
            ),
        ],
    );
}

#[test]
fn what_clients_have_sent() {
    check(
        OUT,
        &[
            (
                r#"{"type":"user_message","payload":{"content":"..","references":[],"thread_id":"T"}}"#,
                "user_message thread=T",
            ),
            (
                r#"{"type":"chat_message","content":"..","user_id":"U","timestamp":1700000000123}"#,
                "chat_message user=U ts=Integer(1700000000123000000)",
            ),
            (r#"{"type":"session_restore","payload":{"threadId":"T"}}"#, "session_restore"),
            ("", "ws.empty"),
            ("3", "_untyped"),
            ("{\"type\":", "_undecodable Undecodable c2s"),
        ],
    );
}
