//! Arguments.

use super::help;
use super::palette::palette;
use crate::diagnosis::Selection;
use crate::facts::Date;
use crate::limits::Limits;
use crate::manual::{TOPICS, topic};
use crate::report::{BundleFilter, DIFF_FORMATS, FORMATS, Format, Screen};
use crate::request::{FailOn, FarmBasis};
use crate::rules::{RULES, Severity};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::io::{IsTerminal, stdout};
use std::path::PathBuf;

/// Checks whether the instances of an AEM farm agree on their crypto keys, and if not, why not. Reads install snapshots offline.
#[derive(Debug, Parser)]
#[command(name = "aemtrix", version, after_help = help::short(), after_long_help = help::long(), max_term_width = 100, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reads archives and directories, compares the instances in them, and reports
    Scan(Box<Scan>),
    /// Judges saved facts again (`scan -f ndjson`), those of several runs together
    Report(Box<Saved>),
    /// Says what changed between two states: keys, storage, bundles, configurations, findings, verdicts
    Diff(Box<Compare>),
    /// Checks whether sources are those that a report was made of
    Verify {
        /// A report that `scan -f json --digests` wrote
        #[arg(value_name = "REPORT.json")]
        report: PathBuf,
        /// The sources, where they lie now: archives, directories, folders of them, or `-`
        #[arg(required = true, value_name = "SOURCE")]
        sources: Vec<OsString>,
    },
    /// Lists the rules, or explains one
    #[command(alias = "explain")]
    Rules {
        /// The rule to explain
        #[arg(value_parser = rule_ids(), hide_possible_values = true)]
        id: Option<String>,
    },
    /// Prints the JSON Schema (draft 2020-12) of what is written or read
    Schema {
        /// Of what
        #[arg(value_name = "WHAT")]
        what: SchemaOf,
    },
    /// Shows a topic of the manual, or the help of a subcommand
    Help {
        /// A topic or a subcommand; without it, the topics are listed
        #[arg(value_name = "TOPIC", value_parser = help_topics(), hide_possible_values = true)]
        topic: Option<String>,
    },
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Writes man pages into a directory such as ~/.local/share/man
    Man {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// The JSON report (`--format json`)
    Report,
    /// A line of saved facts (`--format ndjson`)
    Facts,
    /// A policy (`--policy`), its TOML taken as JSON
    Policy,
    /// A baseline (`--baseline`)
    Baseline,
    /// A line about a farm (`--format summary`)
    Summary,
    /// What `aemtrix diff` writes as JSON
    Diff,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Scan {
    /// Archive, directory, folder of them, or `-` for standard input
    ///
    /// Archives are tar, tar.gz, tar.zst, tar.xz, tar.bz2 and zip. NAME=SOURCE names the instance in it.
    #[arg(required_unless_present = "files_from", value_name = "SOURCE")]
    pub(super) sources: Vec<OsString>,
    /// Reads more sources from a file, one a line
    ///
    /// `-` is standard input. A line is a path, or a name for the source, a tab and the path.
    #[arg(long, value_name = "FILE")]
    pub(super) files_from: Option<PathBuf>,
    /// Sources in that file end in a zero byte, as `find -print0` writes them
    #[arg(short = '0', long, requires = "files_from", hide_short_help = true)]
    pub(super) null: bool,
    /// Reads only those archives of a folder that match; a glob with `/` is matched against the path below the folder, one
    /// without against the name of the file
    #[arg(long, value_name = "GLOB", hide_short_help = true)]
    pub(super) include: Vec<String>,
    /// Leaves out those archives of a folder that match
    #[arg(long, value_name = "GLOB", hide_short_help = true)]
    pub(super) exclude: Vec<String>,
    /// What to call the source instead of its path, if there is only one: for an upload that was copied to a temporary file, or is on standard
    /// input
    #[arg(long = "as", value_name = "NAME", value_parser = instance_name, hide_short_help = true)]
    pub(super) logical: Option<String>,
    /// Keeps facts here, and reads again only what changed
    ///
    /// The facts of each source are in a file of this directory. No source is read again whose file is whole and whose size, time, version and options
    /// are the same. Several runs may share the directory.
    #[arg(long, value_name = "DIR")]
    pub(super) facts_dir: Option<PathBuf>,
    /// Name of the instance, when there is one source
    #[arg(long, value_name = "NAME", value_parser = instance_name, hide_short_help = true)]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) judging: Judging,
    #[command(flatten)]
    pub(super) reading: Reading,
}

#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct Compare {
    /// The state before: sources, or saved facts
    ///
    /// An archive, a directory, a folder of them, or a file or a folder of .ndjson.
    #[arg(value_name = "OLD")]
    pub(super) old: OsString,
    /// The state after
    #[arg(value_name = "NEW")]
    pub(super) new: OsString,
    /// Format on standard output
    #[arg(short, long, default_value = "table", value_parser = diff_formats(), ignore_case = true, help_heading = "Output")]
    pub(super) format: String,
    /// Writes the comparison to a file, by its extension
    ///
    /// May be given several times. A file that is there already is replaced if it is a report of aemtrix or empty.
    #[arg(short = 'o', long = "output", value_name = "FILE", help_heading = "Output")]
    pub(super) files: Vec<PathBuf>,
    /// Lets -o replace files that aemtrix did not write
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(super) force: bool,
    /// Names all bundles that changed
    ///
    /// Without it, those of the crypto support are named where people read, and the others counted.
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(super) bundles: bool,
    /// What the case is called
    #[arg(long, value_name = "TEXT", help_heading = "Output", hide_short_help = true)]
    pub(super) case: Option<String>,
    /// Who examines it
    #[arg(long, value_name = "TEXT", help_heading = "Output", hide_short_help = true)]
    pub(super) examiner: Option<String>,
    /// Says when the comparison was made, too
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(super) stamp: bool,
    /// Columns of the table [default: those of the terminal, else $COLUMNS, else no limit; in files no limit]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..), help_heading = "Output", hide_short_help = true)]
    pub(super) width: Option<u16>,
    /// Writes ASCII alone, as under a locale that is not UTF-8
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(super) ascii: bool,
    /// Colours on standard output
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        help_heading = "Output",
        hide_short_help = true
    )]
    pub(super) color: ColorChoice,
    /// Says nothing on standard error but errors
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,
    /// Says more on standard error; twice, still more
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
    /// What makes a farm, as in `scan`
    #[arg(long, value_name = "WHAT", value_parser = FarmBasis::parse, default_value = "all", help_heading = "Judging")]
    pub(super) farm_by: FarmBasis,
    /// What is expected of both states; see `aemtrix help policy`
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub(super) policy: Option<PathBuf>,
    /// The day on which suppressions of the policy are to hold [default: today, in UTC]
    #[arg(
        long,
        value_name = "YYYY-MM-DD",
        requires = "policy",
        help_heading = "Judging",
        hide_short_help = true
    )]
    pub(super) as_of: Option<Date>,
    #[command(flatten)]
    pub(super) reading: Reading,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Saved {
    /// Files that `scan -f ndjson` wrote, folders of them, or `-`
    ///
    /// They may be packed with gzip or zstd. In folders, those that end in .ndjson, .ndjson.gz or .ndjson.zst are read. `-` is standard input.
    #[arg(required_unless_present = "files_from", value_name = "FACTS")]
    pub(super) facts: Vec<OsString>,
    /// Reads more files of facts, listed in a file, one a line
    ///
    /// `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(super) files_from: Option<PathBuf>,
    /// Names in that file end in a zero byte, as `find -print0` writes them
    #[arg(short = '0', long, requires = "files_from", hide_short_help = true)]
    pub(super) null: bool,
    /// Keeps every upload of a name; else the one that was written last takes the place of the others
    #[arg(long, hide_short_help = true)]
    pub(super) keep_all: bool,
    /// The lines of each farm are together: farms are judged and written one after the other, in the memory of one; for the formats summary, csv and
    /// findings
    #[arg(long, hide_short_help = true)]
    pub(super) partitioned: bool,
    #[command(flatten)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) judging: Judging,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct Output {
    /// Format on standard output
    #[arg(short, long, default_value = "table", value_parser = formats(), ignore_case = true)]
    pub(super) format: String,
    /// Writes the report to standard output through a template (Jinja syntax, minijinja) that gets the JSON report as `report`
    #[arg(long, value_name = "FILE", conflicts_with = "format", hide_short_help = true)]
    pub(super) template: Option<PathBuf>,
    /// Writes the report to a file, by its extension
    ///
    /// The format is that of the extension. May be given several times. A pipe or a device, such as `/dev/stdout`, is written to, in the format of --format where its name has no
    /// extension. A file that is there already is replaced if it is a report of aemtrix or empty.
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Lets -o and --write-baseline replace files that aemtrix did not write
    #[arg(long, hide_short_help = true)]
    pub(super) force: bool,
    /// Shows bundles in the table and in CSV too: those that differ, or with =REGEX those whose symbolic name matches, in JSON and HTML as well
    #[arg(long, value_name = "REGEX", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = BundleFilter::parse, hide_short_help = true)]
    pub(super) bundles: Option<BundleFilter>,
    /// Shows all rows and all findings in the table
    ///
    /// Without it, the table has what differs, and the causes.
    #[arg(long)]
    pub(super) details: bool,
    /// Name of the case, to be shown in reports
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) case: Option<String>,
    /// Who examines it, to be shown there too
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) examiner: Option<String>,
    /// Adds the time at which the report was made. Without it, the same input gives the same bytes
    #[arg(long, hide_short_help = true)]
    pub(super) stamp: bool,
    /// Gives each instance a column of its own in CSV; else each cell has a line
    #[arg(long, hide_short_help = true)]
    pub(super) wide: bool,
    /// Shows this farm in full, and no other; repeatable
    ///
    /// That is so in the table, on the page and in Markdown.
    #[arg(long = "farm", value_name = "NAME")]
    pub(super) farms: Vec<String>,
    /// Columns of the table [default: those of the terminal, else $COLUMNS, else no limit; in files no limit]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..), hide_short_help = true)]
    pub(super) width: Option<u16>,
    /// Writes ASCII alone, as under a locale that is not UTF-8
    #[arg(long, hide_short_help = true)]
    pub(super) ascii: bool,
    /// Colours on standard output
    #[arg(long, value_enum, default_value = "auto", hide_short_help = true)]
    pub(super) color: ColorChoice,
    /// Shows no progress
    #[arg(long, hide_short_help = true)]
    pub(super) no_progress: bool,
    /// Says nothing on standard error but errors
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Says more on standard error; twice, still more
    ///
    /// Once: each source, what it is and how much is in it. Twice: each instance, and each gap as well.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

impl Output {
    /// Returns how text in files is to be laid out: the terminal of the run is not where they are read.
    pub(super) fn screen_of_files(&self) -> Screen {
        Screen { columns: self.width, ascii: self.ascii, palette: None }
    }

    /// Returns how text on standard output is to be laid out.
    pub(super) fn screen(&self) -> Screen {
        Screen {
            columns: self.width.or_else(columns),
            ascii: self.ascii || is_ascii_locale(),
            palette: palette(self.color.applies()),
        }
    }
}

/// Returns the columns of the terminal, else those that the environment names.
pub(super) fn columns() -> Option<u16> {
    let of_terminal = stdout().is_terminal().then(|| comfy_table::Table::new().width()).flatten();
    of_terminal.or_else(|| std::env::var("COLUMNS").ok()?.parse().ok())
}

impl ColorChoice {
    /// Returns `true` if to colour what goes to standard output.
    pub(super) fn applies(self) -> bool {
        // An empty value is none (no-color.org), and a 0 in `CLICOLOR_FORCE` is off (bixense.com/clicolors).
        let is_set = |name: &str, off: &str| {
            std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != off)
        };
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if is_set("NO_COLOR", "") => false,
            Self::Auto => is_set("CLICOLOR_FORCE", "0") || stdout().is_terminal(),
        }
    }
}

/// Returns `true` if the locale is one whose characters are not those of UTF-8. Where none is set, as in most containers, nothing is known, and the
/// terminal is nearly always one of UTF-8.
pub(super) fn is_ascii_locale() -> bool {
    let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    // In the order of POSIX (XBD 8.2), for which an empty variable is not set.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(value);
    locale.is_some_and(|locale| {
        let name = locale.to_ascii_lowercase();
        !name.contains("utf-8") && !name.contains("utf8")
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, or where `CLICOLOR_FORCE` is set; never where `NO_COLOR` is
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Judging", group(ArgGroup::new("dated").args(["policy", "write_baseline"]).multiple(true)))]
pub(super) struct Judging {
    /// What makes a farm: all, input, parent, REGEX
    ///
    /// The instances of a farm must agree. With `all`, there is one farm. With `input`, each source is a farm; with `parent`, the sources of each
    /// directory. With a regular expression, those in whose path its first group finds the same text, which names the farm.
    #[arg(long, value_name = "WHAT", value_parser = FarmBasis::parse, default_value = "all")]
    pub(super) farm_by: FarmBasis,
    /// Applies these rules alone; see `aemtrix rules`
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule_ids(), hide_possible_values = true)]
    pub(super) select: Vec<String>,
    /// Leaves these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule_ids(), hide_possible_values = true, hide_short_help = true)]
    pub(super) ignore: Vec<String>,
    /// Reports no findings below this severity
    #[arg(long, value_name = "SEVERITY", value_enum, hide_short_help = true)]
    pub(super) min_severity: Option<Severity>,
    /// Exits with 1 from this severity on
    ///
    /// One of error, warning, note, undecided and never. With `undecided`, from warning on, and with 2 where a verdict is open, even if only for
    /// lack of other instances.
    #[arg(
        long,
        value_name = "SEVERITY",
        value_enum,
        default_value = "warning",
        hide_possible_values = true
    )]
    pub(super) fail_on: FailOn,
    /// Leaves a farm of fewer instances undecided, and exits with 2
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        hide_short_help = true
    )]
    pub(super) min_instances: usize,
    /// What is expected; see `aemtrix help policy`
    ///
    /// A TOML file. It says which instances a farm has to have, what they must have, and which findings count.
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// The date to use for suppressions that end, and for what --write-baseline adds [default: today, in UTC]
    #[arg(long, value_name = "YYYY-MM-DD", requires = "dated", hide_short_help = true)]
    pub(super) as_of: Option<Date>,
    /// Does not count findings that --write-baseline wrote
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Writes the findings to a file for --baseline of later runs
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) write_baseline: Option<PathBuf>,
    /// Why the findings that --write-baseline adds are accepted
    #[arg(long, value_name = "TEXT", requires = "write_baseline", hide_short_help = true)]
    pub(super) baseline_reason: Option<String>,
    /// Exits with 0 whatever was found
    ///
    /// Incomplete evidence still exits with 2, unless `all` is given: then only wrong usage and output that was not written do.
    #[arg(long, value_name = "WHAT", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "findings", hide_possible_values = true)]
    pub(super) exit_zero: Option<ExitZero>,
}

/// After what a run exits with 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExitZero {
    /// Whatever was found
    Findings,
    /// Whatever was found, and whatever could not be read
    All,
}

impl ValueEnum for Severity {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Error, Self::Warning, Self::Note]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.label()))
    }
}

impl ValueEnum for FailOn {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.label()))
    }
}

impl Judging {
    /// Returns which rules to apply.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            select: self.select.clone(),
            ignore: self.ignore.clone(),
            min_severity: self.min_severity,
            min_instances: self.min_instances,
            ..Selection::default()
        }
    }
}

fn instance_name(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("the name of an instance is empty")
    } else {
        Ok(text.to_owned())
    }
}

fn formats() -> PossibleValuesParser {
    // Who writes `-o x.md` writes `-f md`.
    let endings = |format: &'static Format| {
        format.extensions.iter().copied().filter(|ending| *ending != format.name)
    };
    PossibleValuesParser::new(FORMATS.iter().map(|format| {
        PossibleValue::new(format.name).help(format.summary).aliases(endings(format))
    }))
}

fn diff_formats() -> PossibleValuesParser {
    PossibleValuesParser::new(DIFF_FORMATS.iter().map(|format| {
        let ending = (format.extension != format.name).then_some(format.extension);
        PossibleValue::new(format.name).help(format.summary).aliases(ending)
    }))
}

/// Reads a number of bytes: `5000`, `512K`, `4G`, `1TiB`.
fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u32); 5] = [("", 0), ("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let unit = unit.trim().to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or_else(|| unit.strip_suffix('B')).unwrap_or(&unit);
    let shift = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, shift)| *shift);
    let number = number.parse::<u64>().ok().zip(shift);
    let bytes = number.and_then(|(number, shift)| number.checked_mul(1_u64.checked_shl(shift)?));
    bytes.ok_or_else(|| "not a number of bytes such as 5000, 512M or 4G".to_owned())
}

/// Reads a number of things: `5000`, `10k`, `2M`.
fn count(text: &str) -> Result<u64, String> {
    let units = [("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
    let upper = text.to_ascii_uppercase();
    let unit = units.iter().find_map(|(unit, many)| Some((upper.strip_suffix(unit)?, *many)));
    let (number, many) = unit.unwrap_or((&upper, 1));
    let count = number.parse::<u64>().ok().and_then(|number| number.checked_mul(many));
    count.ok_or_else(|| "not a number such as 5000, 10k or 2M".to_owned())
}

fn help_topics() -> PossibleValuesParser {
    let commands = ["scan", "report", "diff", "verify", "rules", "schema", "completions", "man"];
    let topics = TOPICS.iter().map(|topic| topic.name);
    PossibleValuesParser::new(
        // `rules` is both, and would be listed twice.
        topics.chain(commands.into_iter().filter(|name| topic(name).is_none())),
    )
}

fn rule_ids() -> PossibleValuesParser {
    PossibleValuesParser::new(RULES.iter().map(|rule| rule.id))
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Reading")]
pub(super) struct Reading {
    /// Sources read at a time [default: one a processor]
    #[arg(short = 'j', long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Takes the SHA-256 of every source, for the report to say and for `aemtrix verify` to compare; of a directory over the list of what is read
    #[arg(long, hide_short_help = true)]
    digests: bool,
    /// Reads no logs; looks for keys and settings alone
    #[arg(long, hide_short_help = true)]
    pub(super) no_logs: bool,
    /// Counts no users in repositories, and looks for no key stores of theirs
    #[arg(long, hide_short_help = true)]
    pub(super) no_users: bool,
    /// Bytes that one source may unpack to, such as 8G
    ///
    /// It holds for a source of any size. Without it, the limit is 2,000 times the size of the source: at least 4 GiB, at most 1 TiB.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    max_unpacked: Option<u64>,
    /// Entries that one source may have
    #[arg(long, value_name = "N", value_parser = count, default_value_t = Limits::default().entries_max, hide_short_help = true)]
    max_entries: u64,
    /// How many compressions may be around one archive
    #[arg(long, value_name = "N", default_value_t = Limits::default().nesting_max, hide_short_help = true)]
    max_nesting: u32,
    /// Memory for unpacking zstd or xz: bytes that it may look back on
    #[arg(long, value_name = "BYTES", value_parser = bytes, default_value_t = Limits::default().window_bytes_max, hide_short_help = true)]
    max_window: u64,
}

impl Reading {
    /// Returns the limits, with those that were given on the command line.
    pub(super) fn limits(&self) -> Limits {
        let default = Limits::DEFAULT;
        Limits {
            unpacked_bytes_max: self.max_unpacked.unwrap_or(default.unpacked_bytes_max),
            // Who names a number knows the source, so its size bounds nothing any more.
            unratioed_bytes_max: self.max_unpacked.unwrap_or(default.unratioed_bytes_max),
            entries_max: self.max_entries,
            nesting_max: self.max_nesting,
            window_bytes_max: self.max_window,
            logs: !self.no_logs,
            users: !self.no_users,
            digests: self.digests,
            ..default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn files_have_no_colours_and_only_the_width_that_is_given() {
        let screens = |more: &[&str]| {
            let arguments = ["aemtrix", "scan", "--color", "always", "x"].iter().chain(more);
            let Command::Scan(scan) = Args::parse_from(arguments).command else { panic!("scan") };
            (scan.output.screen(), scan.output.screen_of_files())
        };
        let (stdout, files) = screens(&[]);
        assert!(stdout.palette.is_some());
        assert_eq!(files, Screen::default());
        let (stdout, files) = screens(&["--width", "50", "--ascii"]);
        assert_eq!(files, Screen { palette: None, ..stdout });
        assert_eq!(files.columns, Some(50));
    }

    #[test]
    fn number_of_unpacked_bytes_takes_the_place_of_the_ratio() {
        let unpacked_max = |more: &[&str]| {
            let arguments = ["aemtrix", "scan", "x"].iter().chain(more);
            let Command::Scan(scan) = Args::parse_from(arguments).command else { panic!("scan") };
            scan.reading.limits().unpacked_max(1 << 10)
        };
        assert_eq!(unpacked_max(&[]), 4 << 30);
        assert_eq!(unpacked_max(&["--max-unpacked", "5000"]), 5000);
        assert_eq!(unpacked_max(&["--max-unpacked", "9999999999999"]), 9_999_999_999_999);
    }

    #[test]
    fn numbers_of_bytes_may_have_a_unit() {
        for (text, number) in
            [("5000", 5000), ("1K", 1 << 10), ("8m", 8 << 20), ("4GiB", 4 << 30), ("1 TB", 1 << 40)]
        {
            assert_eq!(bytes(text), Ok(number), "{text}");
        }
        for text in ["", "G", "1.5G", "-1", "4X", "99999999999T"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn formats_are_known_by_their_extensions_and_in_any_case() {
        for (typed, name) in
            [("JSON", "json"), ("md", "markdown"), ("txt", "table"), ("XML", "junit")]
        {
            let arguments = ["aemtrix", "scan", "x", "-f", typed];
            let Command::Scan(scan) = Args::parse_from(arguments).command else { panic!("scan") };
            let found = super::super::output::format(&scan.output.format).map(|format| format.name);
            assert_eq!(found, Some(name), "{typed}");
        }
    }

    #[test]
    fn arguments_are_well_formed() {
        Args::command().debug_assert();
    }
}
