//! `aemtrix schema WHAT`: JSON Schema of what is written or read.

use super::args::SchemaOf;
use super::{Exit, complain, output};
use crate::request::rule_ids;
use crate::{policy, report, saved};

/// Prints a schema.
pub(super) fn run(what: SchemaOf) -> Exit {
    let schema = match what {
        SchemaOf::Report => report::schema(),
        SchemaOf::Facts => saved::schema(),
        SchemaOf::Summary => report::summary_schema(),
        SchemaOf::Diff => report::diff_schema(),
        SchemaOf::Baseline => policy::baseline_schema(),
        SchemaOf::Policy => policy::schema(&rule_ids()),
    };
    let written = output::to_stdout(|out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        out.write_all(b"\n")
    });
    written.map_or_else(|error| complain(&format!("{error:#}")), |()| Exit::Clean)
}
