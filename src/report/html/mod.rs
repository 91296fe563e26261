//! `html`: the report as one page that needs nothing else, neither network nor fonts nor scripts of others.
//!
//! The page is a template, not code that writes tags: what it looks like can be seen in `page.html`, and the engine escapes every
//! value, so that none can be forgotten. Before that, characters that do not show are written out ([`super::harmless`]).

mod bundles;
mod findings;
mod index;
mod matrix;
mod secrets;
mod timeline;
mod view;

use super::by_farm::ALL_AT_ONCE;
use super::escape::escaped;
use super::{Format, Report};
use minijinja::Environment;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "html",
    extensions: &["html", "htm"],
    summary: "one self-contained page for browsers and print",
    write,
    by_farm: ALL_AT_ONCE,
};

/// What pages look like.
pub(super) const STYLE: &str = include_str!("style.css");

/// The engine escapes for HTML because of this name.
const PAGE: &str = "page.html";

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // The policy has digests of what is between the tags, in which a blank more would count.
    let (style, script) = (STYLE.trim(), include_str!("script.js").trim());
    let mut engine = Environment::new();
    engine.add_template(PAGE, include_str!("page.html")).map_err(io::Error::other)?;
    let values = minijinja::context! {
        page => escaped(&view::Page::from(report))?,
        policy => policy(style, script),
        style => style,
        script => script,
    };
    let page = engine.get_template(PAGE).and_then(|page| page.render(values));
    out.write_all(page.map_err(io::Error::other)?.as_bytes())
}

/// Returns what a browser may do with the page: apply this style and run this script, and nothing else.
pub(super) fn policy(style: &str, script: &str) -> String {
    format!(
        // A page is mailed and opened from disks, and must neither load nor send anything there.
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(style)),
        base64(&Sha256::digest(script)),
    )
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit =
        |value: u32| DIGITS.get(value as usize & 63).map_or('=', |digit| char::from(*digit));
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            text.push(if at > three.len() { '=' } else { digit(bits >> shift) });
        }
    }
    text
}

#[cfg(test)]
mod page_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_usual_tools() {
        let texts = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[test]
    fn no_value_can_end_the_style_or_the_script() {
        for text in [include_str!("style.css"), include_str!("script.js")] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }
}
