//! Payloads held against a schema → what does not fit, once for each name and place.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::events::Symbol;

use super::super::book::RuleKind as K;
use super::super::finding::Code;
use super::order::unexpected;
use super::{Breach, Look, Verdicts, Watch, named};

/// Different misfits told of one slice: more of them are a schema of something else.
const MAX_MISFITS: usize = 64;

/// What was told already.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in super::super) struct Payload {
    told: HashSet<(Symbol, String)>,
}

impl Payload {
    pub(super) fn event(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let K::Schema { file, .. } = &watch.rule.kind else { return };
        let (Some(schema), Some(body)) = (&watch.schema, look.body) else { return };
        if !watch.roles(look).0 {
            return;
        }
        out.activations += 1;
        let Some((at, what)) = schema.misfit(body) else { return };
        let place = if at.is_empty() { String::new() } else { format!(" at {at}") };
        let new = self.told.len() < MAX_MISFITS && self.told.insert((look.seen.name, at));
        if new {
            let name = named(look.seen, look.symbols);
            let message = format!("{name} does not fit {file}{place}: {what}");
            let breach = unexpected(look.seen, &[], message);
            out.breaches.push(Breach { code: Code::W207, ..breach });
        }
    }
}
