//! The rows of the matrix that come from configurations.

use super::{Cell, CellState, Member};
use crate::facts::{
    Configuration, IMS_CLIENT_SECRET, IMS_CUSTOMIZER, SAML_HANDLER, SecretState,
    TOKEN_ENCAPSULATED, TOKEN_HANDLER,
};

/// Encapsulated tokens: on or off; what no file states is off by default.
pub(super) fn encapsulated_token(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    let mut handlers = snapshot.configurations_of(TOKEN_HANDLER);
    let stated = handlers.any(|handler| handler.flag(TOKEN_ENCAPSULATED).is_some());
    match snapshot.encapsulated_token() {
        Some(true) => Cell::value("on"),
        Some(false) if stated => Cell::value("off"),
        Some(false) => Cell::compared("off (default)".to_owned(), "off".to_owned()),
        None => Cell::optional(None, false),
    }
}

/// Lifetime of login tokens, as stated.
pub(super) fn token_expiration(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    match snapshot.token_expiration_ms() {
        Some(milliseconds) => Cell::value(format!("{milliseconds} ms")),
        None if snapshot.shows_all_configurations() => {
            Cell::without(CellState::Absent, "not stated")
        }
        None => Cell::optional(None, false),
    }
}

/// Whether a live SAML handler creates users.
pub(super) fn saml_creates_users(member: &Member) -> Cell {
    let handlers: Vec<&Configuration> = member.snapshot.configurations_of(SAML_HANDLER).collect();
    let live: Vec<&&Configuration> = handlers.iter().filter(|saml| saml.is_live_saml()).collect();
    let stated: Vec<bool> = live.iter().filter_map(|saml| saml.creates_users()).collect();
    match (stated.as_slice(), live.is_empty(), handlers.is_empty()) {
        (_, _, true) => none(member),
        (_, true, false) => Cell::without(CellState::NotApplicable, "switched off"),
        // The default is not documented.
        ([], false, false) => Cell::without(CellState::Absent, "not stated"),
        (stated, ..) => Cell::value(if stated.contains(&true) { "yes" } else { "no" }),
    }
}

/// What is known of the IMS client secret.
pub(super) fn ims_client_secret(member: &Member) -> Cell {
    let customizers = member.snapshot.configurations_of(IMS_CUSTOMIZER);
    let mut states: Vec<&str> = customizers
        .filter_map(|ims| ims.secret(IMS_CLIENT_SECRET))
        .map(SecretState::label)
        .collect();
    states.sort_unstable();
    states.dedup();
    let plain = SecretState::Plain.label();
    if states.is_empty() {
        return none(member);
    }
    Cell::value(states.join(", ")).wrong_if(states.contains(&plain))
}

fn none(member: &Member) -> Cell {
    if member.snapshot.shows_all_configurations() {
        Cell::without(CellState::NotApplicable, "-")
    } else {
        Cell::optional(None, false)
    }
}
