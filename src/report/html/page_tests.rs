//! The page as a browser sees it, by a parser that is not ours.

use super::{base64, write};
use crate::diagnosis::Selection;
use crate::facts::{GapKind, KeyName};
use crate::report::{Report, Screen};
use crate::testing::{FarmBuilder, Instance, Scenes, farm, good_farm};
use scraper::{ElementRef, Html, Selector};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

fn report(farms: impl IntoIterator<Item = FarmBuilder>) -> Report {
    let farms: Vec<_> = farms.into_iter().map(FarmBuilder::build).collect();
    let gaps = farms.iter().flat_map(|farm| &farm.members).flat_map(|m| m.snapshot.gaps.clone());
    let gaps = gaps.collect();
    Report::new(farms, Vec::new(), gaps, &Selection::default(), Screen::default())
}

fn page(report: &Report) -> String {
    let mut out = Vec::new();
    write(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn parsed(farms: impl IntoIterator<Item = FarmBuilder>) -> Html {
    let html = Html::parse_document(&page(&report(farms)));
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    html
}

fn all<'h>(html: &'h Html, selector: &str) -> Vec<ElementRef<'h>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    all(html, selector).into_iter().map(text).collect()
}

fn large() -> FarmBuilder {
    let names: Vec<String> = (1..=298).map(|n| format!("publish{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let odd: Vec<u8> = (100..132).collect();
    good_farm(&names)
        .with("odd", |i| i.hmac(&odd))
        .with("without", |i| i.without_key(KeyName::Hmac))
}

#[test]
fn verdict_and_its_reasons_come_first() {
    let odd: Vec<u8> = (100..132).collect();
    let html = parsed([good_farm(&["a", "b"]).with("c", |i| i.hmac(&odd))]);
    assert_eq!(texts(&html, ".banner h2"), ["INCONSISTENT"]);
    let reasons = texts(&html, ".banner li");
    assert!(
        reasons.contains(&"c: hmac differs from the other 2 instances".to_owned()),
        "{reasons:?}"
    );
    assert_eq!(texts(&parsed([good_farm(&["a", "b"])]), ".banner h2"), ["CONSISTENT"]);
    let lone = parsed([good_farm(&["a"])]);
    assert_eq!(texts(&lone, ".banner li"), ["fewer than two instances were found"]);
    assert_eq!(texts(&parsed([]), ".banner h2"), ["No AEM instance was found"]);
}

#[test]
fn of_many_causes_of_one_rule_the_first_are_named_and_the_rest_is_counted() {
    let names: Vec<String> = (1..=15).map(|n| format!("p{n}")).collect();
    let newline = |farm: FarmBuilder, name: &String| farm.with(name, |i| i.storage(b"Bundle\n"));
    let html = parsed([names.iter().fold(farm(), newline)]);
    let causes = texts(&html, "ol.causes > li");
    assert_eq!(causes.len(), 13);
    assert_eq!(causes[12], "and 3 more of storage-trailing-newline: all findings are listed there");
}

#[test]
fn page_loads_nothing_and_runs_its_own_script_alone() {
    let html = parsed([large(), good_farm(&["a"])]);
    assert!(
        all(&html, "link, img, iframe, object, embed, form, base, video, audio, svg").is_empty()
    );
    for element in all(&html, "*") {
        for (name, value) in element.value().attrs() {
            assert!(
                !name.starts_with("on") && !matches!(name, "style" | "src" | "srcset"),
                "{name}={value}"
            );
            assert!(
                name != "href" || value.starts_with('#') || value.starts_with("https://"),
                "{value}"
            );
        }
    }
    let [script] = all(&html, "script")[..] else { panic!("one script") };
    let [style] = all(&html, "style")[..] else { panic!("one style") };
    let [policy] = all(&html, "meta[http-equiv=Content-Security-Policy]")[..] else {
        panic!("one policy")
    };
    let policy = policy.attr("content").unwrap();
    for (kind, element) in [("script", script), ("style", style)] {
        let hash = base64(&Sha256::digest(text(element)));
        assert!(policy.contains(&format!("{kind}-src 'sha256-{hash}'")), "{policy}");
    }
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!text(style).contains("url(") && !text(style).contains("@import"));
}

#[test]
fn page_can_be_read_aloud_and_jumped_through() {
    let html = parsed([large(), good_farm(&["a"]).with("b", |i| i.hmac(&[1; 32]))]);
    assert_eq!(all(&html, "html").first().and_then(|html| html.attr("lang")), Some("en"));
    for table in all(&html, "table") {
        assert_eq!(table.select(&Selector::parse("caption").unwrap()).count(), 1);
    }
    assert!(all(&html, "th").iter().all(|head| head.attr("scope").is_some()));
    let ids: Vec<&str> =
        all(&html, "[id]").iter().map(|element| element.attr("id").unwrap()).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len());
    for (selector, attribute) in
        [("a[href^='#']", "href"), ("[aria-labelledby]", "aria-labelledby")]
    {
        for element in all(&html, selector) {
            let target = element.attr(attribute).unwrap().trim_start_matches('#');
            assert!(unique.contains(target), "{target}");
        }
    }
}

#[test]
fn large_farm_is_summed_up_and_has_a_line_an_instance() {
    let html = parsed([large()]);
    assert_eq!(all(&html, ".grid tbody tr").len(), 300);
    let groups = texts(&html, ".groups tbody tr");
    let hmac = groups.iter().find(|row| row.starts_with("hmac")).unwrap();
    let words: Vec<&str> = hmac.split_whitespace().collect();
    assert!(words.windows(3).any(|three| three == ["A", "298", "instances"]), "{words:?}");
    assert!(words.windows(3).any(|three| three == ["B", "odd", "odd"]), "{words:?}");
    assert!(words.windows(3).any(|three| three == ["absent", "wrong", "without"]), "{words:?}");
}

#[test]
fn small_farm_has_a_column_an_instance_and_marks_the_odd_one_in_words() {
    let other: Vec<u8> = (100..132).collect();
    let html = parsed([good_farm(&["a", "b"]).with("c", |i| i.hmac(&other))]);
    assert_eq!(texts(&html, ".grid thead th"), ["Fact", "a", "b", "c"]);
    let odd = texts(&html, ".grid td.odd");
    assert!(!odd.is_empty() && odd.iter().all(|cell| cell.ends_with("B odd")), "{odd:?}");
    let newline = |i: Instance| i.storage(b"Bundle\n");
    let wrong = parsed([farm().with("a", newline).with("b", newline)]);
    assert_eq!(texts(&wrong, ".grid td.odd"), ["Bundle + LF wrong", "Bundle + LF wrong"]);
    assert!(all(&html, ".groups").is_empty());
}

#[test]
fn many_columns_are_narrow_and_the_marked_instances_are_named_above_them() {
    let other: Vec<u8> = (100..132).collect();
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let odd = |i: Instance| i.hmac(&other).storage(b"Bundle\n");
    let html = parsed([good_farm(&names).with("<h>", odd)]);
    assert_eq!(texts(&html, "p.marked"), ["Marked below: <h> (storage, hmac)."]);
    assert_eq!(all(&html, ".grid.narrow").len(), 1);
    let sound = parsed([good_farm(&names)]);
    assert!(all(&sound, "p.marked").is_empty() && all(&sound, ".grid.narrow").len() == 1);
    let few = parsed([good_farm(&["a", "b"]).with("c", odd)]);
    assert!(all(&few, "p.marked").is_empty() && all(&few, ".grid.narrow").is_empty());
}

#[test]
fn states_of_cells_differ_without_colour() {
    let html = parsed([farm()
        .with("absent", |i| i.without_key(KeyName::Hmac))
        .with("jcr", |i| i.storage(b"JCR"))
        .with("unreadable", |i| {
            i.without_key(KeyName::Hmac).gap(GapKind::Unreadable, Some("bundle2/data/hmac"))
        })]);
    for (class, shown) in [
        ("absent", "∅ absent wrong"),
        ("not-in-snapshot", "? JCR, not read"),
        ("unreadable", "✗ unreadable"),
    ] {
        let cells = texts(&html, &format!(".grid td.{class}"));
        assert!(cells.contains(&shown.to_owned()), "{cells:?}");
    }
    let gaps = texts(&html, "#gaps + .card li");
    assert!(gaps.iter().any(|gap| gap.contains("bundle2/data/hmac")), "{gaps:?}");
}

#[test]
fn steps_are_a_list_with_commands_as_code() {
    let html = parsed([good_farm(&["a"]).with("b", |i| i.storage(b"Bundle\n"))]);
    let commands = texts(&html, "ol.fix .block code");
    // A line end is one: who copies the block runs its lines one by one.
    let mut scenes = Scenes::default();
    scenes.add("commands of a step", &commands[0]);
    scenes.are("commands-on-a-page");
}

#[test]
fn bundles_that_differ_are_shown_with_ids_or_in_a_large_farm_as_groups() {
    let newer = |i: Instance| i.change("bundle7", |bundle| bundle.version = Some("2.0".to_owned()));
    let html = parsed([good_farm(&["a", "b"]).with("c", newer)]);
    assert_eq!(texts(&html, ".bundles tbody th"), ["org.apache.felix.scr"]);
    assert_eq!(
        texts(&html, ".bundles tbody td"),
        ["7: 3.4.22, active A", "7: 3.4.22, active A", "7: 2.0, active B odd"]
    );
    let html = parsed([large().with("newer", newer)]);
    assert_eq!(
        texts(&html, ".bundles tbody li"),
        ["3.4.22, active A 300 instances", "2.0, active B odd newer"]
    );
    let html = parsed([good_farm(&["a", "b"])]);
    assert!(all(&html, ".bundles").is_empty());
}

#[test]
fn hostile_names_show_and_do_nothing() {
    let names = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "{{ 7*7 }}{% raw %}",
        "\x1b]0;pwn\x07\u{202e}gpj\u{0}\nline",
        "</style></title></code><b>",
        "' onmouseover='x",
        "javascript:alert(1)",
    ];
    let hostile = names.iter().fold(farm(), |farm, name| {
        let odd = [name.as_bytes(), &[7; 32]].concat();
        farm.with(name, |i| i.hmac(&odd[..32]).bundle(50, name).gap(GapKind::Malformed, Some(name)))
    });
    let html = parsed([hostile]);
    assert_eq!(all(&html, "script").len(), 1);
    assert!(all(&html, "img, b, [onerror], [onmouseover], a[href^=javascript]").is_empty());
    let heads = texts(&html, ".grid thead th");
    for name in names {
        let shown = crate::report::printable(name);
        assert!(heads.iter().any(|head| *head == shown), "{shown} in {heads:?}");
    }
    let acts = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!page(&report([farm().with(names[3], |i| i)])).contains(acts));
}

#[test]
fn same_report_gives_the_same_bytes() {
    let farms = || [large(), good_farm(&["a", "b"])];
    assert_eq!(page(&report(farms())), page(&report(farms())));
}

/// Colours of one scheme: those before `@media (prefers-color-scheme: dark)`, in it, or in `@media print`.
fn colours(scheme: &str) -> impl Fn(&str) -> [u8; 3] + '_ {
    let style = include_str!("style.css");
    let part = style.split(scheme).nth(1).unwrap();
    let root = part.split_once(":root").unwrap().1.split_once('}').unwrap().0;
    move |name| {
        let hex = root.split_once(&format!("--{name}: #")).unwrap_or_else(|| panic!("{name}")).1;
        let [_, r, g, b] = u32::from_str_radix(hex.get(..6).unwrap(), 16).unwrap().to_be_bytes();
        [r, g, b]
    }
}

/// The contrast of two colours as WCAG 2 defines it.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let light = |colour: [u8; 3]| {
        let [r, g, b] = colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (light(a) + 0.05, light(b) + 0.05);
    if a > b { a / b } else { b / a }
}

#[test]
fn every_text_has_enough_contrast_in_light_dark_and_print() {
    let mut pairs = vec![
        ("good-text", "good"),
        ("bad-text", "bad"),
        ("open-text", "open"),
        ("note-text", "note"),
    ];
    for ground in ["page", "card", "head", "code"] {
        pairs.extend(["text", "quiet", "link"].map(|text| (text, ground)));
    }
    pairs.extend(["g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7"].map(|group| ("text", group)));
    for scheme in ["/*light*/", "prefers-color-scheme: dark", "@media print"] {
        let colour = colours(scheme);
        for (text, ground) in &pairs {
            let ratio = contrast(colour(text), colour(ground));
            assert!(ratio >= 4.5, "{scheme}: {text} on {ground}: {ratio:.2}");
        }
    }
}

#[test]
fn secrets_are_shown_with_the_keys_that_open_them() {
    let (a, b) = ([0x81; 16], [0x82; 16]);
    let html = parsed([farm()
        .with("a", |i| i.master(&a).mail_secret(&a, "x"))
        .with("b", |i| i.master(&b).mail_secret(&a, "y"))
        .tried()]);
    let heads = texts(&html, "table[class=list]:has(#farm1-secrets) thead th");
    assert_eq!(heads.len(), 5, "{heads:?}");
    let rows = texts(&html, "table[class=list]:has(#farm1-secrets) tbody tr");
    let secret = "smtp.password of com.day.cq.mailer.DefaultMailService";
    assert!(rows[0].starts_with(&format!("b{secret}no")), "{rows:?}");
    assert!(rows[1].starts_with(&format!("a{secret}yes")), "{rows:?}");
    assert!(all(&parsed([good_farm(&["a"])]), "#farm1-secrets").is_empty());
}

#[test]
fn many_farms_are_folded_behind_an_index_that_can_be_searched() {
    let names: Vec<String> = (0..60).map(|n| format!("publish{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let other: Vec<u8> = (100..132).collect();
    let html = parsed((0..4).map(|farm| {
        let all = good_farm(&names);
        if farm == 2 { all.with("odd", |i| i.hmac(&other)) } else { all }
    }));
    assert_eq!(all(&html, "details.farm:not([open]) > section").len(), 4);
    let lines = texts(&html, "#farms-table tbody tr");
    assert_eq!(lines.len(), 4);
    assert!(lines[0].contains("inconsistent") && lines[0].contains("odd: "), "{lines:?}");
    for link in all(&html, "#farms-table a") {
        let id = link.attr("href").unwrap();
        assert_eq!(all(&html, &format!("section{id}")).len(), 1);
    }
    assert_eq!(all(&html, "label.filter[data-table=farms-table]").len(), 1);
    assert!(texts(&html, "#problems-table")[0].contains("hmac-differs"));
    assert!(all(&html, ".banner").is_empty());
    let few = parsed([good_farm(&["a", "b"]), good_farm(&["a", "b"])]);
    assert!(all(&few, "details.farm, #farms-table").is_empty());
}
