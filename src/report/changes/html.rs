//! `html`: what changed, as one page that needs nothing else.

use super::view::DiffView;
use super::{DiffFormat, DiffReport, STATES};
use crate::report::escape::escaped;
use crate::report::examined::{ExaminedLine, about};
use crate::report::html::{STYLE, policy};
use minijinja::Environment;
use serde::Serialize;
use std::io::{self, Write};

pub(super) const FORMAT: DiffFormat = DiffFormat {
    name: "html",
    extension: "html",
    summary: "one self-contained page for browsers and print",
    write,
};

/// The engine escapes for HTML because of this name.
const PAGE: &str = "diff.html";

#[derive(Serialize)]
struct DiffPage {
    view: DiffView,
    version: &'static str,
    about: Vec<(&'static str, String)>,
    sources: Vec<(&'static str, ExaminedLine)>,
}

fn write(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    let sources = STATES.into_iter().zip(&report.states).flat_map(|(what, state)| {
        state.sources.iter().map(move |record| (what, ExaminedLine::from(record)))
    });
    let page = DiffPage {
        view: DiffView::of(&DiffReport { bundles: true, ..report.clone() }),
        version: env!("CARGO_PKG_VERSION"),
        about: about(&report.custody),
        sources: sources.collect(),
    };
    let mut engine = Environment::new();
    engine.add_template(PAGE, include_str!("diff.html")).map_err(io::Error::other)?;
    let style = STYLE.trim();
    let values = minijinja::context! {
        page => escaped(&page)?,
        policy => policy(style, ""),
        style => style,
    };
    let page = engine.get_template(PAGE).and_then(|page| page.render(values));
    out.write_all(page.map_err(io::Error::other)?.as_bytes())
}
