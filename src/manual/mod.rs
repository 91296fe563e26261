//! The manual: one file a topic, shown by `aemtrix help TOPIC`, as a man page, and here.

#![allow(
    clippy::doc_markdown,
    reason = "the topics are read on terminals too, and names of products are no code"
)]

mod block;

pub use block::{Block, blocks};

#[doc = include_str!("inputs.md")]
pub mod inputs {}
#[doc = include_str!("limits.md")]
pub mod limits {}
#[doc = include_str!("output.md")]
pub mod output {}
#[doc = include_str!("page.md")]
pub mod page {}
#[doc = include_str!("policy.md")]
pub mod policy {}
#[doc = include_str!("rules.md")]
pub mod rules {}
#[doc = include_str!("scale-out.md")]
pub mod scale_out {}
#[doc = include_str!("verdicts.md")]
pub mod verdicts {}
#[doc = include_str!("words.md")]
pub mod words {}

/// A part of the manual.
#[derive(Debug)]
pub struct Topic {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line: what it is about.
    pub summary: &'static str,
    /// Its text in Markdown: headings, paragraphs, lists, tables and blocks of code, and nothing else.
    pub text: &'static str,
}

/// All topics, in the order in which they are listed.
pub const TOPICS: [Topic; 9] = [
    Topic {
        name: "inputs",
        summary: "containers, layouts and files that are read, and what counts as an upload",
        text: include_str!("inputs.md"),
    },
    Topic {
        name: "verdicts",
        summary: "verdicts and exit codes, and the signs of the matrix",
        text: include_str!("verdicts.md"),
    },
    Topic {
        name: "rules",
        summary: "all rules, with their severities",
        text: include_str!("rules.md"),
    },
    Topic {
        name: "policy",
        summary: "what is expected, suppressions, baselines",
        text: include_str!("policy.md"),
    },
    Topic {
        name: "output",
        summary: "formats, files, JSON, scripts, evidence, templates",
        text: include_str!("output.md"),
    },
    Topic {
        name: "scale-out",
        summary: "saved facts, many uploads, many machines",
        text: include_str!("scale-out.md"),
    },
    Topic {
        name: "page",
        summary: "examining uploads in a browser, and sending facts instead of keys",
        text: include_str!("page.md"),
    },
    Topic {
        name: "limits",
        summary: "every bound, and what happens there",
        text: include_str!("limits.md"),
    },
    Topic { name: "words", summary: "what the words mean", text: include_str!("words.md") },
];

/// Returns the topic of this name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}
