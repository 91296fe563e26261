//! Facts about logs, each fed whole and in small pieces.

use super::*;
use crate::facts::{LogFile, LogSignature, LogTopic};
use proptest::prelude::*;
use std::io::Write;

const CONVERT: &str = "com.adobe.granite.crypto.CryptoException: Cannot convert byte data";

fn scan(bytes: &[u8], piece: usize) -> (LogFile, Option<String>) {
    let mut scan = Box::new(LogScan::Start(Vec::new()));
    bytes.chunks(piece).for_each(|piece| scan.push(piece));
    let Scanned { fact: Fact::Log(file), problem } = scan.finish() else { panic!("a log") };
    (*file, problem)
}

/// Scans a text in pieces of several sizes, which must agree.
fn log(text: &str) -> LogFile {
    let whole = scan(text.as_bytes(), usize::MAX);
    for piece in [1, 7, 4096] {
        assert_eq!(scan(text.as_bytes(), piece), whole);
    }
    whole.0
}

/// Count, first and last time, line.
fn seen(log: &LogFile, signature: LogSignature) -> (u64, String, String, u64) {
    let sighting = log.sightings[&signature];
    let text = |time: Option<crate::facts::LogTime>| time.map_or("-".to_owned(), |t| t.to_string());
    (sighting.count, text(sighting.first), text(sighting.last), sighting.line)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn record(second: u32, text: &str) -> String {
    format!("19.07.2025 19:00:{second:02}.176 *ERROR* [qtp1-1] a.b.C {text}\n")
}

#[test]
fn options_count_where_the_launcher_says_them() {
    let moves = |text: &str| log(text).statements.contains_key(&LogTopic::KeysElsewhere);
    let set = "Setting 'com.adobe.granite.crypto.keys.path' to '/k' from command line.\n";
    assert!(moves(set));
    assert!(moves(&format!("x\n{set}")));
    assert!(moves(&format!("19.07.2025 19:00:52.176 *INFO * [main] {set}")));
    assert!(!moves(&format!("19.07.2025 19:00:52.176 *INFO* [1.2.3.4 [1] GET /x?q={set}")));
    // Around the borders of blocks, which have 256 KiB each and end 16 KiB earlier.
    for before in [245_759, 245_760, 245_761, 262_143, 262_144, 262_145] {
        assert!(!moves(&format!("{}{set}", "x".repeat(before))), "{before}");
        assert!(moves(&format!("{}\n{set}", "x".repeat(before))), "{before}");
    }
}

#[test]
fn log_in_utf_16_is_read_like_any_other() {
    let text = [record(1, "x"), record(2, CONVERT)].concat();
    let wide = |to: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(to).collect()
    };
    let marked = [wide(u16::to_le_bytes), wide(u16::to_be_bytes)];
    let unmarked = marked.clone().map(|bytes| bytes[2..].to_vec());
    for bytes in marked.into_iter().chain(unmarked) {
        for piece in [1, 3, usize::MAX] {
            assert_eq!(scan(&bytes, piece).0, log(&text));
        }
    }
}

#[test]
fn log_in_json_has_counts_times_and_escaped_quotes() {
    // As Docker's log driver `json-file` writes a line.
    let line = |second: u32, text: &str| {
        let record = record(second, text);
        format!("{{\"log\":\"{}\\n\",\"stream\":\"stdout\"}}\n", record.trim_end())
    };
    let secret = "response: {\\\"error_description\\\":\\\"invalid client_secret parameter\\\"}";
    let file = log(&[line(1, CONVERT), line(2, CONVERT), line(3, secret)].concat());
    let expected = (2, "2025-07-19 19:00:01".to_owned(), "2025-07-19 19:00:02".to_owned(), 1);
    assert_eq!(seen(&file, LogSignature::CryptoConvert), expected);
    assert_eq!(seen(&file, LogSignature::ImsInvalidSecret).0, 1);
}

#[test]
fn count_times_and_line_are_told() {
    let text = [record(1, "x"), record(2, CONVERT), record(3, "x"), record(4, CONVERT)].concat();
    let expected = (2, "2025-07-19 19:00:02".to_owned(), "2025-07-19 19:00:04".to_owned(), 2);
    assert_eq!(seen(&log(&text), LogSignature::CryptoConvert), expected);
    let windows = text.replace('\n', "\r\n");
    assert_eq!(seen(&log(&windows), LogSignature::CryptoConvert), expected);
    assert_eq!(seen(&log(text.trim_end()), LogSignature::CryptoConvert), expected);
}

#[test]
fn stack_trace_belongs_to_the_record_before_it() {
    let trace = format!("java.lang.SecurityException: {CONVERT}\n\tat a.b\nCaused by: {CONVERT}\n");
    let log = log(&[record(1, "x"), trace.clone(), record(9, "y"), trace].concat());
    let expected = (2, "2025-07-19 19:00:01".to_owned(), "2025-07-19 19:00:09".to_owned(), 2);
    assert_eq!(seen(&log, LogSignature::CryptoConvert), expected);
}

#[test]
fn trace_glued_to_one_line_counts_once() {
    let glued = format!("{CONVERT} at a.b.C(D.java:1) Caused by: {CONVERT} at x");
    assert_eq!(seen(&log(&record(1, &glued)), LogSignature::CryptoConvert).0, 1);
}

#[test]
fn quoted_texts_and_information_are_no_signs() {
    let sees = |level: &str, text: &str| {
        let line = format!("19.07.2025 19:00:52.176 *{level}* {text}\n");
        !log(&line).sightings.is_empty()
    };
    for (level, text) in [
        ("WARN", "[sling-asset-1] a.PdfText Failed to decrypt password protected PDF /a.pdf"),
        ("WARN", "[sling-asset-1] a.PdfText Failed to decrypt password-protected PDF /a.pdf"),
        ("WARN", "[sling-asset-1] a.PdfText Failed to decrypt password: file is a protected PDF"),
        (
            "INFO",
            "[x] a.Indexer Indexed title=\"CryptoException: Cannot convert byte data - help\"",
        ),
        ("INFO", "[1.2.3.4 [1] GET /docs/KeyStoreNotInitialisedException.html HTTP/1.1] a.B slow"),
        ("WARN", "[1.2.3.4 [1] GET /docs/KeyStoreNotInitialisedException.html HTTP/1.1] a.B slow"),
        ("INFO", "[x] a.B imports com.adobe.granite.keystore;uses KeyStoreNotInitialisedException"),
        ("DEBUG", "[x] a.B class com.adobe.granite.keystore.KeyStoreNotInitialisedException"),
        ("DEBUG", "[x] a.SamlAuthenticationHandler Private key of SP not provided: Cannot sign"),
        ("INFO", "[x] a.Setup KeyStore uninitialized, creating it now"),
        ("WARN", "[x] a.Login Auth0 rejected token: Could not match JWT signature"),
        ("INFO", "[x] a.Search Query executed: Failed to decrypt password"),
    ] {
        assert!(!sees(level, text), "{level} {text}");
    }
    for (level, text) in [
        ("INFO", "[x] a.B\nx\nSEVERE: Exception while decrypting the configuration map"),
        (
            "INFO",
            "[x] com.adobe.granite.csrf.impl.CSRFFilter isValidRequest: empty CSRF token - rejecting",
        ),
        (
            "WARN",
            "[x] a.B failed: com.adobe.granite.crypto.CryptoException: Cannot convert byte data",
        ),
        (
            "INFO",
            "[x] a.B failed\njava.io.IOException: x\nCaused by: com.adobe.granite.crypto.CryptoException: Cannot convert byte data",
        ),
        (
            "ERROR",
            "[x] a.B Failed to decrypt password\ncom.adobe.granite.crypto.CryptoException: x",
        ),
        ("ERROR", "[x] a.B com.adobe.granite.crypto.CryptoException: Failed to decrypt password"),
        // Adobe KA-27153
        ("ERROR", "[qtp1-33] com.day.cq.dam.s7dam.S7damProxyServlet Failed to decrypt password"),
        (
            "ERROR",
            "[x] a.B response: {\"error_description\":\"Could not match JWT signature to any\"}",
        ),
    ] {
        assert!(sees(level, text), "{level} {text}");
    }
}

#[test]
fn exception_of_another_record_makes_no_sign_of_a_password() {
    let text = [
        record(1, "Failed to decrypt password protected PDF"),
        record(
            2,
            "com.adobe.granite.crypto.CryptoException: CryptoSupport missing to unprotect password",
        ),
    ];
    let signs: Vec<_> = log(&text.concat()).sightings.into_keys().collect();
    assert_eq!(signs, [LogSignature::CryptoMissing]);
}

const START: &str = "c.a.g.CryptoSupportService Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage";

#[test]
fn record_of_an_unknown_time_has_not_that_of_an_older_one() {
    let unknown = |day: u8| format!("{day}. Juli 2025 *ERROR* [x] y\n{CONVERT}\n\tat a.b.C\n");
    let file = log(&[record(1, "x"), unknown(19), unknown(20)].concat());
    assert_eq!(seen(&file, LogSignature::CryptoConvert), (2, "-".to_owned(), "-".to_owned(), 3));
    let open = file.open[&LogSignature::CryptoConvert];
    assert_eq!((open.is_untimed, open.last), (true, None));
    assert_eq!(file.ends.unwrap().to_string(), "2025-07-19 19:00:01");
}

#[test]
fn start_closes_what_was_seen_before_it() {
    let untimed = |text: &str| format!("*ERROR* [x] {text}\n");
    let open = |parts: &[String]| !log(&parts.concat()).open.is_empty();
    assert!(open(&[untimed(CONVERT)]));
    assert!(!open(&[untimed(CONVERT), untimed(START)]));
    assert!(!open(&[record(9, CONVERT), untimed(START)]));
    assert!(!open(&[record(8, CONVERT), record(9, START)]));
    // Threads write in any order within a millisecond.
    assert!(open(&[record(9, CONVERT), record(9, START)]));
    assert!(open(&[untimed(START), untimed(CONVERT)]));
}

#[test]
fn prefixes_of_other_programs_change_nothing() {
    let plain = [
        record(1, START),
        record(2, "failed"),
        format!("{CONVERT}\n\tat a.b.C\nCaused by: {CONVERT}\n"),
    ];
    let plain = plain.concat();
    for prefix in [
        "[pod/aem-0/aem] ",
        "aem-1  | ",
        "Nov 28 10:00:01 auth1 aem[1]: ",
        "2025-11-28T10:00:01.123456789Z stdout F ",
    ] {
        let lines: Vec<String> = plain.lines().map(|line| format!("{prefix}{line}\n")).collect();
        let lines = lines.concat();
        assert_eq!(log(&lines).sightings, log(&plain).sightings, "{prefix}");
        assert_eq!(log(&lines).statements, log(&plain).statements, "{prefix}");
    }
}

#[test]
fn start_without_an_option_takes_it_back() {
    let set = |second: u32, name: &str, value: &str| {
        let time = format!("19.07.2025 19:00:{second:02}.176 *INFO * [main]");
        format!("{time} Setting '{name}' to '{value}' from command line.\n")
    };
    let keys = "com.adobe.granite.crypto.keys.path";
    let moved =
        |parts: &[String]| log(&parts.concat()).statements.contains_key(&LogTopic::KeysElsewhere);
    let modes = |second| set(second, "sling.run.modes", "publish");
    assert!(moved(&[modes(1), set(1, keys, "/k")]));
    assert!(moved(&[set(1, keys, "/k"), modes(1), "x\n".to_owned(), set(1, "x", "y")]));
    assert!(!moved(&[modes(1), set(1, keys, "/k"), modes(9)]));
    assert!(moved(&[modes(1), modes(9), set(9, keys, "/k")]));
    assert!(moved(&[modes(1), set(1, keys, "/k"), modes(9), set(9, keys, "/k")]));
    let jvm = |options: &str| format!("Picked up JAVA_TOOL_OPTIONS: {options}\n");
    let path = format!("-D{keys}=/k -Xmx4g");
    assert!(moved(&[jvm(&path)]));
    assert!(!moved(&[jvm(&path), jvm("-Xmx8g")]));
    // What the JVM says takes nothing back of what the launcher says.
    assert!(moved(&[set(1, keys, "/k"), jvm("-Xmx8g")]));
    assert!(moved(&[jvm(&path), modes(1), modes(9)]));
}

#[test]
fn thread_names_may_hold_anything() {
    // As in KA-16796: the name of a thread is the line of a request.
    let line = format!(
        "04.04.2017 13:22:50.424 *ERROR* [ 10.0.0.1 [1491320370146] GET /x HTTP/1.1] {CONVERT}\n"
    );
    assert_eq!(seen(&log(&line), LogSignature::CryptoConvert).1, "2017-04-04 13:22:50");
}

#[test]
fn lines_without_any_time_count_each() {
    let log = log(&format!("{CONVERT}\nx\n{CONVERT}\n{CONVERT}"));
    assert_eq!(seen(&log, LogSignature::CryptoConvert), (3, "-".to_owned(), "-".to_owned(), 1));
}

#[test]
fn a_line_of_megabytes_is_read_like_any_other() {
    let long = format!("{}{CONVERT}{}", "x".repeat(3 << 20), "y".repeat(1 << 20));
    let text = [record(1, "x"), record(2, &long), record(3, CONVERT)].concat();
    let expected = (2, "2025-07-19 19:00:02".to_owned(), "2025-07-19 19:00:03".to_owned(), 2);
    assert_eq!(seen(&scan(text.as_bytes(), 1 << 17).0, LogSignature::CryptoConvert), expected);
}

#[test]
fn text_across_the_border_of_blocks_is_found_once() {
    for shift in 0..CONVERT.len() + 40 {
        let filler = "x".repeat((256 << 10) - (16 << 10) - shift);
        let text = format!("{filler}\n{}{}", record(2, CONVERT), record(3, "z").repeat(30));
        let (log, _) = scan(text.as_bytes(), 10_000);
        let sighting = seen(&log, LogSignature::CryptoConvert);
        assert_eq!(
            (sighting.0, sighting.1.as_str(), sighting.3),
            (1, "2025-07-19 19:00:02", 2),
            "{shift}"
        );
    }
}

#[test]
fn last_start_is_told() {
    let start = |version: &str, mode: &str| {
        format!(
            "c.a.g.CryptoSupportService Starting Crypto Support (com.adobe.granite.crypto, {version}) with {mode} storage"
        )
    };
    let log = log(&[
        record(1, &start("3.4.18", "JCR")),
        record(2, "Read Sling ID null from file /opt/aem/sling.id.file"),
        record(3, "Created new Sling ID 0f8fad5b-d9cb-469f-a165-70867728950e"),
        record(4, "Active run modes: [s7connect, crx3, author]"),
        record(5, &start("3.4.24", "Bundle")),
        "HTTP server port: 4503\n".to_owned(),
        "Setting 'com.adobe.granite.crypto.file.disable' to 'true' from command line.\n".to_owned(),
    ]
    .concat());
    let values: Vec<_> = log.statements.values().map(|last| last.value.as_str()).collect();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    assert_eq!(values, ["Bundle", "3.4.24", id, "s7connect, crx3, author", "4503", "true"]);
    let time = log.statements[&LogTopic::Storage].time.unwrap();
    assert_eq!(time.to_string(), "2025-07-19 19:00:05");
}

#[test]
fn packed_log_reads_like_a_plain_one() {
    let text = [record(1, "x"), record(2, CONVERT)].concat();
    let packed = [gzip(&text.as_bytes()[..50]), gzip(&text.as_bytes()[50..])].concat();
    for piece in [usize::MAX, 1] {
        assert_eq!(scan(&packed, piece), (log(&text), None));
    }
}

#[test]
fn cut_or_damaged_packed_log_keeps_what_came_before() {
    // Text that packs badly, so that the damage lies behind the sign.
    let noise: Vec<String> =
        (0..90_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_string()).collect();
    let noise = noise.join("\n");
    let text = [record(2, CONVERT), noise].concat();
    let packed = gzip(text.as_bytes());
    let mut damaged = packed.clone();
    let end = damaged.len() - 1000;
    damaged[end..end + 500].fill(0xff);
    let mut wrong_sum = packed.clone();
    let crc = packed.len() - 8;
    wrong_sum[crc] ^= 1;
    for bytes in [&packed[..packed.len() - 5], &packed[..packed.len() / 2], &damaged, &wrong_sum] {
        let (log, problem) = scan(bytes, 4096);
        assert_eq!(seen(&log, LogSignature::CryptoConvert).0, 1);
        assert!(problem.unwrap().starts_with("is a gzip that is cut or damaged"));
    }
}

#[test]
fn log_in_a_packing_that_is_not_read_is_no_log_without_signs() {
    for (format, magic) in UNREAD {
        for piece in [1, usize::MAX] {
            let mut scan = Box::new(LogScan::Start(Vec::new()));
            let bytes = [magic, b"and more"].concat();
            bytes.chunks(piece.min(bytes.len())).for_each(|piece| scan.push(piece));
            let Scanned { fact, problem } = scan.finish();
            assert_eq!(fact, Fact::Seen, "{format}");
            assert!(problem.unwrap().starts_with(&format!("is packed with {format}")));
        }
    }
    // Shorter than what tells.
    assert!(scan(&gunzip::MAGIC, 1).1.unwrap().starts_with("is a gzip that is cut"));
    assert_eq!(scan(b"BZ", 1).1, None);
}

#[test]
fn packed_log_that_explodes_is_left() {
    let (_, problem) = scan(&gzip(&vec![0; 70 << 20]), 4096);
    assert!(problem.unwrap().starts_with("unpacks to more than any log"));
}

#[test]
fn what_is_looked_for_fits_the_overlap() {
    assert!(signature::text_bytes_max() + 512 < 1024);
}

#[test]
fn found_directly_in_logs() {
    for name in [
        "error.log",
        "error.log.2025-07-18",
        "stdout.log.1.gz",
        "stderr.log-20250718",
        "ERROR.LOG",
        "Error.Log.1",
        "error.log_2025-07-18",
        "error.log~",
        "error.log 2",
        "error (1).log",
        "error.txt",
        "error.json",
        "error.jsonl.gz",
        "error_log.1",
        "error-log.2025-07-18",
        "error.20250718",
        "catalina.out",
        "catalina.2025-07-18.out",
        "nohup.out",
        "access-rights.log",
    ] {
        assert_eq!(find(&format!("q/logs/{name}")), Some(Found { root: "q", bundle: "", name }));
    }
    assert_eq!(find("logs/error.log").unwrap().root, "");
    for path in [
        "error.log",
        "q/error.log",
        "q/logs/access.log",
        "q/logs/access.log.2025-07-18",
        "q/logs/access-2025-07-18.log",
        "q/logs/access_log.1",
        "q/logs/localhost_access_log.2025-07-18.txt",
        "q/logs/request.json",
        "q/logs/gc.log.0.current",
        "q/logs/error.logx",
        "q/logs/java_pid7.hprof",
        "q/logs/notes",
        "q/logs/ps-ef.txt",
        "q/xlogs/error.log",
        "q/logs/ACCESS.LOG",
    ] {
        assert_eq!(find(path), None, "{path}");
    }
}

proptest! {
    #[test]
    fn pieces_make_no_difference(lines in proptest::collection::vec(0..6_u8, 0..60), piece in 1..300_usize) {
        let text: String = lines.iter().map(|line| match line {
            0 => record(1, "x"),
            1 => record(2, CONVERT),
            2 => format!("\tat {CONVERT}\n"),
            3 => "\n".to_owned(),
            4 => "x".repeat(700),
            _ => "Active run modes: [a]\r\n".to_owned(),
        }).collect();
        prop_assert_eq!(scan(text.as_bytes(), piece), scan(text.as_bytes(), usize::MAX));
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..3000)) {
        scan(&noise, 100);
        scan(&[&gunzip::MAGIC[..], b"\x08", &noise].concat(), 100);
    }
}
