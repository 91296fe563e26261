//! The rows of the matrix that come from configurations.

use super::{Cell, CellState, Member, SecretCounts};
use crate::facts::{
    Configuration, IMS_CLIENT_SECRET, IMS_CUSTOMIZER, SAML_HANDLER, SecretState,
    TOKEN_CONFIGURATION, TOKEN_ENCAPSULATED, TOKEN_EXPIRATION, TOKEN_HANDLER,
};

/// Encapsulated tokens: on or off; what no file states is off by default.
pub(super) fn encapsulated_token(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    let mut handlers = snapshot.configurations_of(TOKEN_HANDLER);
    let stated = handlers.any(|handler| handler.flag(TOKEN_ENCAPSULATED).is_some());
    match snapshot.encapsulated_token() {
        Some(true) => Cell::value("on"),
        Some(false) if stated => Cell::value("off"),
        // AEM ships `TokenAuthenticationHandler.config` with `token.required.attr` alone.
        Some(false) => Cell::compared("off (default)".to_owned(), "off".to_owned()),
        None => open(member, TOKEN_HANDLER, TOKEN_ENCAPSULATED),
    }
}

/// Lifetime of login tokens; where it is not set, that of Oak's default, with which it is compared.
pub(super) fn token_expiration(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    let shown = |milliseconds: u64| format!("{milliseconds} ms");
    match (snapshot.token_expiration_ms(), snapshot.token_expiration_in_effect_ms()) {
        (Some(stated), _) => Cell::value(shown(stated)),
        // AEM ships 12 hours (KA-16464). Where that file is gone, Oak's two hours differ from what the peers have.
        (None, Some(default)) => Cell::absent("not set", shown(default)),
        (None, None) => open(member, TOKEN_CONFIGURATION, TOKEN_EXPIRATION),
    }
}

/// Makes the cell of a setting that is not in the snapshot, or whose value is only known while AEM runs.
fn open(member: &Member, pid: &str, property: &str) -> Cell {
    let set_by = member.snapshot.configurations_of(pid).find_map(|c| c.set_by(property));
    match set_by {
        Some(by) => Cell::without(CellState::NotInSnapshot, &format!("set by {by}")),
        None => Cell::optional(None, false),
    }
}

/// Whether a live SAML handler creates users.
pub(super) fn saml_creates_users(member: &Member) -> Cell {
    let handlers: Vec<&Configuration> = member.snapshot.configurations_of(SAML_HANDLER).collect();
    let live: Vec<&&Configuration> = handlers.iter().filter(|saml| saml.is_live_saml()).collect();
    let stated: Vec<bool> = live.iter().filter_map(|saml| saml.creates_users()).collect();
    match (stated.as_slice(), live.is_empty(), handlers.is_empty()) {
        (_, _, true) => without_configuration(member),
        (_, true, false) => Cell::without(CellState::NotApplicable, "switched off"),
        // The default is not documented.
        ([], false, false) => match live.iter().find_map(|saml| saml.set_by("createUser")) {
            Some(by) => Cell::without(CellState::NotInSnapshot, &format!("set by {by}")),
            None => Cell::without(CellState::Absent, "not stated"),
        },
        (stated, ..) => Cell::value(if stated.contains(&true) { "yes" } else { "no" }),
    }
}

/// What is known of the IMS client secret.
pub(super) fn ims_client_secret(member: &Member) -> Cell {
    let customizers = member.snapshot.configurations_or_jcr().filter(|c| c.is(IMS_CUSTOMIZER));
    let states = customizers.filter_map(|ims| ims.secret(IMS_CLIENT_SECRET));
    let without = member.snapshot.providers_without_secret().map(|_| SecretState::Missing);
    let mut states: Vec<&str> = states.chain(without).map(SecretState::label).collect();
    states.sort_unstable();
    states.dedup();
    let wrong = [
        SecretState::Plain,
        SecretState::PlainDefault,
        SecretState::Prefixed,
        SecretState::Damaged,
        SecretState::Unclear,
    ];
    let is_wrong = wrong.iter().any(|state| states.contains(&state.label()));
    if states.is_empty() {
        return without_configuration(member);
    }
    Cell::value(states.join(", ")).wrong_if(is_wrong)
}

/// How many of its protected values the master of the instance opens.
pub(super) fn secrets(member: &Member) -> Cell {
    let counts = SecretCounts::of(member);
    let SecretCounts { open, shut, unchecked } = counts;
    let not_checked = || format!("{unchecked} not checked");
    let mut repositories = member.snapshot.repository.iter();
    let is_partial = repositories.any(|stored| stored.secrets_gap.is_some());
    if counts.all() == 0 {
        return Cell::optional(None, member.snapshot.shows_all_configurations() && !is_partial);
    }
    let text = match (open, shut, unchecked) {
        (0, 0, _) => not_checked(),
        (_, 0, 0) => format!("{open} open"),
        (_, 0, _) => format!("{open} open, {}", not_checked()),
        (_, _, 0) => format!("{shut} of {} do not open", counts.all()),
        _ => format!("{shut} of {} do not open, {}", counts.all(), not_checked()),
    };
    let partial = if is_partial { " (in part)" } else { "" };
    Cell::value(text + partial).wrong_if(shut > 0)
}

/// Makes the cell of a setting whose component has no configuration: that is known only where all of them were seen.
fn without_configuration(member: &Member) -> Cell {
    if member.snapshot.shows_all_configurations() {
        Cell::absent("not set", "not set".to_owned())
    } else {
        Cell::optional(None, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::farm::{Matrix, matrix};
    use crate::testing::{Instance, farm};

    type Change = fn(Instance) -> Instance;

    /// Returns state, text and group of each cell of a row.
    fn row(matrix: &Matrix, fact: &str) -> Vec<(&'static str, String, Option<usize>)> {
        let row = matrix.rows.iter().find(|row| row.fact == fact).expect("this row");
        row.cells.iter().map(|cell| (cell.state.label(), cell.text.clone(), cell.group)).collect()
    }

    fn with(full: Change, other: Change) -> Matrix {
        matrix(&farm().with("a", full).with("b", |i| other(i.configs())).build())
    }

    fn ims(instance: Instance) -> Instance {
        instance.config(IMS_CUSTOMIZER, "auth.ims.client.secret=\"{0a0b0c0d}\"\r\n")
    }

    fn saml(instance: Instance) -> Instance {
        let body = "idpUrl=\"https://idp\"\r\ncreateUser=B\"true\"\r\n";
        instance.config(&format!("{SAML_HANDLER}~1"), body)
    }

    fn expires(instance: Instance) -> Instance {
        instance.config(TOKEN_CONFIGURATION, "tokenExpiration=\"43200000\"\r\n")
    }

    fn expires_as_by_default(instance: Instance) -> Instance {
        // Two hours, which Oak takes where nothing is set.
        instance.config(TOKEN_CONFIGURATION, "tokenExpiration=\"7200000\"\r\n")
    }

    fn on(instance: Instance) -> Instance {
        instance.config(TOKEN_HANDLER, "token.encapsulated=B\"true\"\r\n")
    }

    const ROWS: [(&str, Change, (&str, &str)); 4] = [
        ("encapsulated-token", on, ("value", "off (default)")),
        ("token-expiration", expires, ("absent", "not set")),
        ("saml-creates-users", saml, ("absent", "not set")),
        ("ims-client-secret", ims, ("absent", "not set")),
    ];

    #[test]
    fn what_is_not_set_is_a_value_where_all_configurations_came() {
        for (fact, set, (state, text)) in ROWS {
            let cells = row(&with(set, |i| i), fact);
            assert_eq!((cells[1].0, cells[1].1.as_str()), (state, text), "{fact}");
        }
    }

    #[test]
    fn what_is_only_known_while_aem_runs_is_no_value() {
        let of_env: [(&str, Change, Change); 3] = [
            ("encapsulated-token", on, |i| {
                i.config(TOKEN_HANDLER, "token.encapsulated=\"$[env:E;default\\=true]\"\r\n")
            }),
            ("token-expiration", expires, |i| {
                i.config(TOKEN_CONFIGURATION, "tokenExpiration=\"$[env:E]\"\r\n")
            }),
            ("saml-creates-users", saml, |i| {
                let body = "idpUrl=\"https://idp\"\r\ncreateUser=\"$[env:E]\"\r\n";
                i.config(&format!("{SAML_HANDLER}~1"), body)
            }),
        ];
        for (fact, set, open) in of_env {
            let matrix = matrix(&farm().with("a", set).with("b", |i| open(i.configs())).build());
            let (state, text, group) = row(&matrix, fact).remove(1);
            assert_eq!((state, text.as_str()), ("not-in-snapshot", "set by $[env:…]"), "{fact}");
            assert_eq!(group, None, "{fact}");
        }
    }

    #[test]
    fn what_is_not_set_is_compared_with_the_others() {
        for (fact, set, _) in &ROWS[..2] {
            let cells = row(&with(*set, |i| i), fact);
            assert_eq!([cells[0].2, cells[1].2], [Some(0), Some(1)], "{fact}");
        }
        let cells = row(&with(expires_as_by_default, |i| i), "token-expiration");
        assert_eq!([cells[0].2, cells[1].2], [Some(0), Some(0)]);
    }

    #[test]
    fn cut_instance_shows_none_of_it() {
        for (fact, set, _) in ROWS {
            let cells = row(&with(set, |i| i.gap(GapKind::Partial, None)), fact);
            assert_eq!((cells[1].0, cells[1].2), ("not-in-snapshot", None), "{fact}");
        }
    }

    #[test]
    fn row_that_is_set_nowhere_is_left_out() {
        let matrix = with(Instance::configs, |i| i);
        let left_out = |fact: &str| matrix.rows.iter().all(|row| row.fact != fact);
        assert!(
            ["token-expiration", "saml-creates-users", "ims-client-secret"].map(left_out)
                == [true; 3]
        );
    }

    #[test]
    fn secret_in_the_repository_shows_where_it_stands_in() {
        let stored: Change =
            |i| i.jcr_config("config", &format!("{IMS_CUSTOMIZER}.cfg.json"), "{}");
        let cells = row(&with(stored, |i| i), "ims-client-secret");
        assert_eq!(cells[0].1, "missing");
    }
}
