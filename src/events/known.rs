//! The states of a connection → what its events take from it: handshake, claims, first message,
//! and the last values of sticky fields.

use crate::wire::Connection;

use super::event::Scalar;
use super::handshake::{Handshake, lossy};
use super::locate::Locator;
use super::plan::Plan;
use super::symbol::Symbols;
use super::token;
use super::trie::{Found, Picked};
use super::value::scalar;

/// What is known of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Lengths of the heads that were read: heads are filled in once.
    heads: (usize, usize),
    /// Values of [`Plan::handshake`].
    pub(super) handshake: Vec<Option<Scalar>>,
    /// Values of [`Plan::claims`]; empty while no JWT was found.
    pub(super) claims: Vec<Option<Scalar>>,
    /// Values of [`Plan::first`], once the client's first message has come or was lost.
    pub(super) first: Option<Vec<Option<Scalar>>>,
    /// The last values of sticky fields, by field; empty while there are none.
    pub(super) sticky: Vec<Option<Scalar>>,
    /// `ws.open` or `ws.refused` was given.
    pub(super) opened: bool,
    /// `ws.abort` was given.
    pub(super) ended: bool,
}

impl Known {
    /// Reads the heads, unless it did.
    pub(super) fn learn(&mut self, connection: &Connection, plan: &Plan, symbols: &mut Symbols) {
        let heads = (connection.request_head.len(), connection.response_head.len());
        if self.heads == heads {
            return;
        }
        self.heads = heads;
        let (request, response) =
            (lossy(&connection.request_head), lossy(&connection.response_head));
        let (request, response) = (Handshake::read(&request), Handshake::read(&response));
        let at = |locator: &Locator| value_at(locator, &request, &response);
        self.handshake = plan
            .handshake
            .iter()
            .map(|locator| at(locator).map(|text| Scalar::Text(symbols.intern(text))))
            .collect();
        let mut tokens = plan.tokens.iter();
        if let Some(claims) = tokens.find_map(|locator| claims_at(locator, &request, &response)) {
            self.take_claims(&claims, plan, symbols);
        }
    }

    /// Takes what is wanted of the client's first message, unless there was one; `found` is empty
    /// if it could not be read.
    pub(super) fn learn_first(&mut self, found: &Picked<'_>, plan: &Plan, symbols: &mut Symbols) {
        if self.first.is_some() {
            return;
        }
        let mut read = |slot: &usize| scalar(found.at(*slot), symbols);
        self.first = Some(plan.first.iter().map(&mut read).collect());
        if !self.claims.is_empty() {
            return;
        }
        let mut tokens = plan.first_tokens.iter().map(|slot| found.at(*slot));
        let claims = tokens.find_map(|found| match found {
            Found::Text(text) => token::claims(text),
            _ => None,
        });
        if let Some(claims) = claims {
            self.take_claims(&claims, plan, symbols);
        }
    }

    /// Messages were lost: what they said is not known, so nothing older may pass for it.
    pub(super) fn lose(&mut self, plan: &Plan, client: bool) {
        self.sticky.clear();
        if client && self.first.is_none() {
            self.first = Some(vec![None; plan.first.len()]);
        }
    }

    fn take_claims(&mut self, claims: &str, plan: &Plan, symbols: &mut Symbols) {
        if let Ok(found) = plan.claims.pick(claims) {
            let slots = 0..plan.claims.len();
            self.claims = slots.map(|slot| scalar(found.at(slot), symbols)).collect();
        }
    }
}

/// The value at a place of the handshake.
fn value_at<'h>(
    locator: &Locator,
    request: &'h Handshake<'_>,
    response: &'h Handshake<'_>,
) -> Option<&'h str> {
    match locator {
        Locator::Header(name) => request.headers(name).next(),
        Locator::Cookie(name) => request.cookie(name),
        Locator::Query(name) => request.query(name),
        Locator::Path(n) => request.path(*n),
        Locator::Subprotocol => {
            response.subprotocols().next().or_else(|| request.subprotocols().next())
        }
        _ => None,
    }
}

/// The claims of the first JWT at a place of the handshake.
fn claims_at(
    locator: &Locator,
    request: &Handshake<'_>,
    response: &Handshake<'_>,
) -> Option<String> {
    match locator {
        Locator::Header(name) => request.headers(name).find_map(token::claims),
        Locator::Subprotocol => {
            request.subprotocols().chain(response.subprotocols()).find_map(token::claims)
        }
        other => value_at(other, request, response).and_then(token::claims),
    }
}
