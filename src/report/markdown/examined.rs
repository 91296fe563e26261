//! The section "Examined": on what evidence the text speaks.

use super::super::examined::ExaminedSection;
use super::super::markdown_text::prose;
use super::super::{Report, printable};
use std::io::{self, Write};

/// Writes the section.
pub(in crate::report) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let ExaminedSection { about, sources, keys } = ExaminedSection::of(report);
    writeln!(out, "## Examined\n")?;
    for (what, says) in about {
        writeln!(out, "- {what}: {}", prose(&says))?;
    }
    for source in sources {
        writeln!(out, "- Source {}: {}", prose(&source.source), prose(&source.spoken()))?;
    }
    writeln!(out)?;
    if keys.is_empty() {
        return Ok(());
    }
    writeln!(out, "Keys that the instances work with, as `md5sum` and `sha256sum` print them:\n")?;
    for key in keys {
        let instances: Vec<String> = key.instances.iter().map(|name| prose(name)).collect();
        writeln!(
            out,
            "- {} of {} ({}): {} bytes, md5 `{}`, sha256 `{}`",
            key.key,
            instances.join(", "),
            prose(&printable(&key.farm)),
            key.bytes,
            key.md5,
            key.sha256
        )?;
    }
    writeln!(out)
}
