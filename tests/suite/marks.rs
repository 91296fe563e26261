//! What the matrix marks: the same cells in every format that marks, and the wrong ones.

use crate::cases;
use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{self, operand, written};
use aemtrix::farm::ROWS;
use aemtrix::report::Report;
use scraper::{Html, Selector};
use serde_json::Value;

/// A fact with a mark for each instance: `<` where the cell is marked.
type Marks = Vec<(String, String)>;

fn marks(cells: impl Iterator<Item = bool>) -> String {
    cells.map(|marked| if marked { '<' } else { '.' }).collect()
}

fn of_table(report: &Report) -> Marks {
    let text = written(report, "table");
    let rows = text.lines().filter_map(|line| line.strip_prefix("│ ! "));
    rows.map(|row| {
        let mut fields = row.trim_end_matches('│').split(['│', '┆']).map(str::trim);
        let title = fields.next().unwrap().to_owned();
        (title, marks(fields.map(|field| field.ends_with(" <"))))
    })
    .collect()
}

fn of_markdown(report: &Report) -> Marks {
    let text = written(report, "markdown");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| **"));
    rows.map(|row| {
        let mut fields = row.trim_end_matches(" |").split(" | ");
        let title = fields.next().unwrap().trim_end_matches("**");
        let ends = [" differs", " is wrong", " is shared"];
        let title = ends.iter().find_map(|end| title.strip_suffix(end)).unwrap();
        (title.to_owned(), marks(fields.map(|field| field.starts_with("**"))))
    })
    .collect()
}

fn of_page(report: &Report) -> Marks {
    let page = Html::parse_document(&written(report, "html"));
    let selector = |text: &str| Selector::parse(text).unwrap();
    let (line, sign, cell) =
        (selector("table.grid:not(.bundles) tbody tr"), selector("th .sign"), selector("td"));
    let odd = page.select(&line).filter_map(|line| {
        let title: String = line.child_elements().next()?.text().collect();
        let is_odd = line.select(&sign).any(|sign| sign.text().collect::<String>() == "!");
        let cells = line.select(&cell);
        let marked = cells.map(|cell| {
            let is_odd = cell.value().classes().any(|class| class == "odd");
            let text: String = cell.text().collect();
            assert_eq!(is_odd, text.ends_with("odd") || text.ends_with("wrong"), "{text}");
            is_odd
        });
        let marks = marks(marked);
        assert_eq!(is_odd, marks.contains('<'), "{title} {marks}");
        is_odd.then(|| (title.trim_start_matches("!\u{a0}").to_owned(), marks))
    });
    odd.collect()
}

/// The same of JSON, by the titles of the facts.
fn of_json(report: &Report) -> Marks {
    let json = run::json(report);
    let title = |fact: &Value| ROWS.iter().find(|row| *fact == row.fact).unwrap().title.to_owned();
    let farms = json["farms"].as_array().unwrap().iter();
    let rows = farms.flat_map(|farm| farm["matrix"]["rows"].as_array().unwrap());
    let marked = rows.map(|row| {
        let cells = row["cells"].as_array().unwrap().iter();
        (title(&row["fact"]), marks(cells.map(|cell| !cell["mark"].is_null())))
    });
    marked.filter(|(_, marks)| marks.contains('<')).collect()
}

#[test]
fn all_formats_mark_the_same_cells_of_every_case() {
    for case in cases::all().iter().filter(|case| case.sources.len() <= 4) {
        let home = tempfile::tempdir().unwrap();
        let pack = |(name, case): (&String, &crate::pack::Case)| {
            operand(name, &case.pack_into(home.path(), Packing::TarGz, name))
        };
        let operands: Vec<_> = case.sources.iter().map(pack).collect();
        let report = run::scan_by(&operands, case.policy.as_deref());
        let table = of_table(&report);
        assert_eq!(table, of_markdown(&report), "{}", case.name);
        assert_eq!(table, of_page(&report), "{}", case.name);
        assert_eq!(table, of_json(&report), "{}", case.name);
        if case.name == "newlines" {
            // Each is marked where its own stray newline is, and the author nowhere.
            let expected = [("storage", "..<"), ("hmac", ".<.")];
            assert_eq!(table, expected.map(|(fact, marks)| (fact.to_owned(), marks.to_owned())));
        }
    }
}

#[test]
fn right_author_beside_two_wrong_publishers_is_not_marked() {
    let home = tempfile::tempdir().unwrap();
    let publish = |name: &'static str| Instance::new(name).role("publish").storage(b"Bundle\n");
    let farm = [
        ("author", Instance::new("author").role("author")),
        ("publish1", publish("publish1")),
        ("publish2", publish("publish2")),
    ];
    let operands = farm.map(|(name, instance)| {
        operand(name, &instance.case().pack_into(home.path(), Packing::TarGz, name))
    });
    let all = of_table(&run::scan(&operands));
    assert_eq!(all, [("storage".to_owned(), ".<<".to_owned())]);
    let publishers = of_table(&run::scan(&operands[1..]));
    assert_eq!(publishers, [("storage".to_owned(), "<<".to_owned())]);
}
