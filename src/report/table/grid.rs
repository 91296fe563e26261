//! The matrix as a grid that fits the screen.
//!
//! Facts are rows and instances columns while that fits, long cells wrapped. A larger farm is turned round: what all agree on becomes a list,
//! and the rest has one row an instance, in as many tables as the width asks for.

use super::super::Screen;
use super::super::group_letter::group_letter;
use super::super::labels::marked;
use super::clean;
use super::names::{Headings, Shown};
use super::text::{Paint, items, labelled, wrapped};
use crate::facts::KeyName;
use crate::farm::{Cell, CellState, Expect, Matrix, MatrixRow};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, presets};
use std::io::{self, Write};

/// A column for each instance is readable up to here, even on a screen without end.
pub(super) const COLUMNS_MAX: usize = 12;
/// Cells are cut behind so many characters.
const CELL_CHARACTERS_MAX: usize = 34;
/// Of a cell that is cut in the middle, so much of its start is kept.
const START_CHARACTERS: usize = 10;
/// So much of what is different has to be seen.
const DIFFERENCE_CHARACTERS: usize = 8;
/// Cells are wrapped where they are wider than this and the screen is full.
pub(super) const CELL_CHARACTERS_MIN: usize = 14;
/// Names of instances are shown whole up to so many characters, where there is room.
const NAME_CHARACTERS_MAX: usize = 48;
/// Characters around a cell: two blanks and a line.
const FRAME: usize = 3;
/// Writes the matrix.
pub(super) fn write(
    matrix: &Matrix,
    details: bool,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    if details {
        grid(matrix, screen, out)?;
        legend(matrix, screen, out)?;
        return writeln!(out);
    }
    let (told, agreed): (Vec<MatrixRow>, Vec<MatrixRow>) =
        matrix.rows.iter().cloned().partition(is_telling);
    if !told.is_empty() {
        let shown = Matrix { instances: matrix.instances.clone(), rows: told };
        grid(&shown, screen, out)?;
        legend(&shown, screen, out)?;
    }
    agree(&agreed, screen, out)?;
    writeln!(out)
}

/// Returns `true` for a row that differs, is wrong, or is not known everywhere.
fn is_telling(row: &MatrixRow) -> bool {
    let is_known =
        |cell: &Cell| !matches!(cell.state, CellState::Unreadable | CellState::NotInSnapshot);
    let is_known = row.cells.iter().any(|cell| cell.state == CellState::Value)
        && row.cells.iter().all(is_known)
        || row.cells.iter().all(|cell| !is_known(cell));
    row.is_odd()
        || (row.expect == Expect::Equal && !is_known)
        || (row.expect == Expect::Equal && !row.agrees())
}

/// Names what all instances agree on, in one line.
fn agree(rows: &[MatrixRow], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let told = rows.iter().filter(|row| row.expect != Expect::Distinct);
    let told: Vec<String> = told
        .filter_map(|row| {
            let text = common_text(row)?;
            let is_key = KeyName::ALL.iter().any(|key| row.fact == key.file_name());
            let sum = if is_key { "md5 " } else { "" };
            Some(format!("{} {sum}{text}", row.title))
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    items("All agree:", &told, screen, out)
}

/// Explains the signs of a grid, those that are in it.
fn legend(matrix: &Matrix, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let any = |is: fn(&MatrixRow) -> bool| matrix.rows.iter().any(is);
    let cells = || matrix.rows.iter().flat_map(|row| &row.cells);
    let signs = [
        (any(|row| !row.is_odd() && row.agrees()), "= all the same"),
        (any(MatrixRow::is_odd), "! differs or wrong"),
        (any(|row| row.is_odd() && row.differs()), "A B same letter, same value"),
        (any(|row| (0..row.cells.len()).any(|index| row.is_odd_at(index))), "< odd or wrong"),
        (cells().any(|cell| cell.text.contains('~')), "~ at install"),
        (
            cells().any(|cell| matches!(cell.state, CellState::Absent | CellState::Unreadable)),
            "[ ] not there or not readable",
        ),
        (cells().any(|cell| cell.state == CellState::NotInSnapshot), "( ) unknown"),
        (any(|row| KeyName::ALL.iter().any(|key| row.fact == key.file_name())), "keys: md5 start"),
    ];
    let used: Vec<&str> = signs.iter().filter(|(is, _)| *is).map(|(_, text)| *text).collect();
    if !used.is_empty() {
        writeln!(out, "{}", wrapped(&format!("Signs: {}", used.join("; ")), screen))?;
    }
    Ok(())
}

fn grid(matrix: &Matrix, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let titles: Vec<Shown> = matrix.rows.iter().map(|row| title(row, screen)).collect();
    let headings = column_headings(&matrix.instances, &titles, screen);
    let by_fact = facts_as_rows(matrix, &headings, screen);
    let fits = width(&by_fact, CELL_CHARACTERS_MIN) <= room(screen);
    if matrix.instances.len() <= COLUMNS_MAX && fits {
        headings.write_shared(screen, out)?;
        return print(&by_fact, screen, out);
    }
    let (common, differing): (Vec<&MatrixRow>, Vec<&MatrixRow>) =
        matrix.rows.iter().partition(|row| common_text(row).is_some());
    agreed(&common, matrix.instances.len(), screen, out)?;
    // The first column is never wrapped; half of the screen is left to the facts.
    let characters_max = (room(screen) / 2).clamp(CELL_CHARACTERS_MIN, NAME_CHARACTERS_MAX);
    let headings = Headings::new(&matrix.instances, characters_max, screen);
    if !differing.is_empty() {
        headings.write_shared(screen, out)?;
    }
    for table in instances_as_rows(&headings, &differing, screen) {
        print(&table, screen, out)?;
    }
    Ok(())
}

pub(super) fn room(screen: Screen) -> usize {
    screen.columns.map_or(usize::MAX, usize::from)
}

/// Returns headings for columns of instances, as wide as fits beside a first column of these titles.
pub(super) fn column_headings(names: &[String], titles: &[Shown], screen: Screen) -> Headings {
    let titles = titles.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
    let rest = room(screen).saturating_sub(titles.saturating_add(FRAME).saturating_add(1));
    let each = rest.checked_div(names.len()).unwrap_or(rest).saturating_sub(FRAME);
    Headings::new(names, each.clamp(CELL_CHARACTERS_MIN, NAME_CHARACTERS_MAX), screen)
}

fn facts_as_rows(matrix: &Matrix, headings: &Headings, screen: Screen) -> Vec<Vec<Shown>> {
    let head = std::iter::once(plain("", screen)).chain(headings.cells());
    let mut grid = vec![head.collect::<Vec<_>>()];
    for row in &matrix.rows {
        let cells =
            row.cells.iter().enumerate().map(|(index, cell)| shown(row, index, cell, screen));
        grid.push(std::iter::once(title(row, screen)).chain(cells).collect());
    }
    grid
}

/// Returns tables of all instances with as many facts each as fit side by side.
fn instances_as_rows(
    headings: &Headings,
    rows: &[&MatrixRow],
    screen: Screen,
) -> Vec<Vec<Vec<Shown>>> {
    let head = std::iter::once(plain("instance", screen));
    let names = head.chain(headings.cells()).collect::<Vec<_>>();
    let mut tables: Vec<Vec<Vec<Shown>>> = Vec::new();
    for row in rows {
        let cells =
            row.cells.iter().enumerate().map(|(index, cell)| shown(row, index, cell, screen));
        let (heading, odd) = title(row, screen);
        let heading = (heading.trim_start().to_owned(), odd);
        let column: Vec<Shown> = std::iter::once(heading).chain(cells).collect();
        if let Some(table) = tables.last_mut() {
            let wider = with_column(table, &column);
            if width(&wider, CELL_CHARACTERS_MAX) <= room(screen) {
                *table = wider;
                continue;
            }
        }
        let first: Vec<Vec<Shown>> = names.iter().map(|name| vec![name.clone()]).collect();
        tables.push(with_column(&first, &column));
    }
    tables
}

fn with_column(table: &[Vec<Shown>], column: &[Shown]) -> Vec<Vec<Shown>> {
    let longer =
        |(line, cell): (&Vec<Shown>, &Shown)| line.iter().cloned().chain([cell.clone()]).collect();
    table.iter().zip(column).map(longer).collect()
}

/// Returns what all instances of a row have in common, if they do.
fn common_text(row: &MatrixRow) -> Option<&str> {
    let first = row.cells.first()?;
    let same = |cell: &Cell| {
        cell.state == CellState::Value && cell.text == first.text && cell.value == first.value
    };
    (row.expect != Expect::Distinct && row.cells.iter().all(same)).then_some(first.text.as_str())
}

fn agreed(
    rows: &[&MatrixRow],
    instances: usize,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Paint::Bold.on(&format!("The same on all {instances} instances"), screen))?;
    for row in rows {
        // They agree, and may all be wrong.
        let (mark, pointer) = if row.is_odd() { ("!", " <") } else { (" ", "") };
        let label = format!("{mark} {:<14}", row.title);
        let text = common_text(row).unwrap_or_default();
        labelled(&label, &format!("{text}{pointer}"), screen, out)?;
    }
    writeln!(out)
}

/// Marks a row that should be equal with `=` where it is, and one that is not what it should be with `!`.
fn title(row: &MatrixRow, screen: Screen) -> Shown {
    let mark = match (row.is_odd(), row.agrees()) {
        (true, _) => '!',
        (false, true) => '=',
        (false, false) => ' ',
    };
    (clean(&format!("{mark} {}", row.title), screen), row.is_odd())
}

/// Shows a cell of the matrix: in a row that differs with the letter of its group, and marked where it is wrong or an odd one.
fn shown(row: &MatrixRow, index: usize, cell: &Cell, screen: Screen) -> Shown {
    let cut = Cut::of(row.cells.iter().map(|cell| cell.text.as_str()));
    shown_cell(cell, cut, (row.is_odd() && row.differs(), row.is_odd_at(index)), screen)
}

/// Shows a cell, with the letter of its group where it is `lettered`.
pub(super) fn shown_cell(
    cell: &Cell,
    cut: Cut,
    (lettered, odd): (bool, bool),
    screen: Screen,
) -> Shown {
    let text = cut.text(&clean(&cell.text, screen));
    let text = marked(cell, &text);
    let letter = match cell.group {
        Some(group) if lettered => format!(" {}", group_letter(group)),
        _ => String::new(),
    };
    let pointer = if odd { " <" } else { "" };
    (format!("{text}{letter}{pointer}"), odd)
}

/// Where the long cells of a row are cut, so that two that differ do not look the same: versions such as
/// `1.0.0.SNAPSHOT-20240131-build-17` differ at their ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cut {
    /// Characters that all cells begin with.
    shared: usize,
}

impl Cut {
    /// Decides it from the texts of a row.
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut texts = texts.filter(|text| text.chars().count() > CELL_CHARACTERS_MAX);
        let first = texts.next().unwrap_or_default();
        let mut shared = usize::MAX;
        for other in texts.filter(|text| *text != first) {
            let same = first.chars().zip(other.chars()).take_while(|(one, two)| one == two).count();
            shared = shared.min(same);
        }
        Self { shared: if shared == usize::MAX { 0 } else { shared } }
    }

    /// Cuts a text that is too long: its end, where it differs from the others before that, else its middle.
    fn text(self, text: &str) -> String {
        const DOTS: &str = "...";
        let length = text.chars().count();
        if length <= CELL_CHARACTERS_MAX {
            return text.to_owned();
        }
        let end_at = CELL_CHARACTERS_MAX.saturating_sub(DOTS.len());
        let part = |from: usize, count: usize| text.chars().skip(from).take(count);
        if self.shared.saturating_add(DIFFERENCE_CHARACTERS) <= end_at {
            return part(0, end_at).chain(DOTS.chars()).collect();
        }
        let room = end_at.saturating_sub(START_CHARACTERS);
        let last = length.saturating_sub(room);
        if self.shared >= last {
            let start = part(0, START_CHARACTERS).chain(DOTS.chars());
            return start.chain(part(last, room)).collect();
        }
        let room = room.saturating_sub(DOTS.len());
        let start = part(0, START_CHARACTERS).chain(DOTS.chars());
        start.chain(part(self.shared, room)).chain(DOTS.chars()).collect()
    }
}

pub(super) fn plain(text: &str, screen: Screen) -> Shown {
    (Cut::default().text(&clean(text, screen)), false)
}

/// Returns the columns a grid takes when every cell is as wide as it asks for, up to `cell_max` for all but the first
/// column.
pub(super) fn width(grid: &[Vec<Shown>], cell_max: usize) -> usize {
    let columns = grid.iter().map(Vec::len).max().unwrap_or(0);
    (0..columns).fold(0, |sum: usize, index| {
        let cells = grid.iter().filter_map(|line| line.get(index));
        let widest = cells.map(|(text, _)| text.chars().count()).max().unwrap_or(0);
        let wide = if index == 0 { widest } else { widest.min(cell_max) };
        sum.saturating_add(wide).saturating_add(FRAME)
    })
}

pub(super) fn print(grid: &[Vec<Shown>], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = grid.iter();
    let mut table = Table::new();
    let style =
        if screen.ascii { presets::ASCII_FULL_CONDENSED } else { presets::UTF8_FULL_CONDENSED };
    table.load_style(style);
    if let Some(palette) = screen.palette {
        palette.show(&mut table);
    }
    match screen.columns {
        // comfy-table asks the terminal for a width by itself;
        // set here, the lines are the same wherever they go.
        Some(columns) => {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns)
        }
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if let Some(header) = lines.next() {
        table.set_header(header.iter().map(|(text, _)| text));
    }
    for line in lines {
        table.add_row(Row::from(line.iter().map(|cell| styled(cell, screen)).collect::<Vec<_>>()));
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Left);
    }
    // Cells may be wrapped; what a line or column is about may not.
    if let Some(first) = table.column_mut(0) {
        first.set_constraint(ColumnConstraint::ContentWidth);
    }
    writeln!(out, "{table}\n")
}

fn styled((text, odd): &Shown, screen: Screen) -> comfy_table::Cell {
    let cell = comfy_table::Cell::new(text);
    match screen.palette.filter(|_| *odd) {
        Some(palette) => palette.odd(cell),
        None => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::matrix;
    use crate::testing::{FarmBuilder, Instance, Scenes, good_farm};

    fn render(farm: FarmBuilder, columns: Option<u16>) -> String {
        let mut out = Vec::new();
        let screen = Screen { columns, ascii: true, palette: None };
        write(&matrix(&farm.build()), true, screen, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn line(text: &str, start: &str) -> String {
        text.lines().find(|line| line.contains(start)).unwrap_or_default().to_owned()
    }

    #[test]
    fn small_farm_has_a_column_for_each_instance() {
        let text = render(good_farm(&["author", "pub1"]), Some(80));
        assert_eq!(
            line(&text, "= storage"),
            "| = storage        | Bundle          | Bundle          |",
            "{text}"
        );
    }

    #[test]
    fn odd_one_out_is_marked_without_colour() {
        let text = render(good_farm(&["a", "b"]).with("c", |i| i.hmac(&[1; 32])), Some(100));
        let row = line(&text, "! hmac");
        assert_eq!((row.matches(" A ").count(), row.matches(" B <").count()), (2, 1), "{text}");
    }

    #[test]
    fn grids_as_they_are_read() {
        let newline = |i: Instance| i.storage(b"Bundle\n");
        let mut scenes = Scenes::default();
        for (about, farm) in [
            ("all agree", good_farm(&["a", "b"])),
            ("one key differs", good_farm(&["a", "b"]).with("c", |i| i.hmac(&[1; 32]))),
            ("a key is not read", good_farm(&["a"]).with("b", |i| i.storage(b"JCR"))),
            ("a key is not there", good_farm(&["a"]).with("b", |i| i.without_key(KeyName::Hmac))),
            (
                "one is right among wrong ones",
                good_farm(&["a"]).with("b", newline).with("c", newline),
            ),
        ] {
            scenes.add(about, &render(farm, Some(120)));
        }
        let names: Vec<String> = (1..=20).map(|n| format!("publish{n:02}")).collect();
        let all = names.iter().fold(crate::testing::farm(), |farm, name| farm.with(name, newline));
        scenes.add("many are wrong alike", &render(all, Some(80)));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let odd = good_farm(&names).with("odd", |i| i.hmac(&[1; 32]));
        scenes.add("one differs from many", &render(odd, Some(80)));
        scenes.are("grid");
    }

    #[test]
    fn long_cells_that_differ_look_different() {
        let cut = |texts: [&str; 2]| {
            let cut = Cut::of(texts.into_iter());
            texts.map(|text| cut.text(text))
        };
        let one = "1.0.0.SNAPSHOT-20240131-with-a-long-qualifier-17";
        let other = one.replace("17", "18");
        let shown = ["1.0.0.SNAP...h-a-long-qualifier-17", "1.0.0.SNAP...h-a-long-qualifier-18"];
        assert_eq!(cut([one, &other]), shown);
        let start = format!("2{one}");
        assert!(cut([one, &start]).iter().all(|text| text.ends_with("...")));
        let middle = [format!("{one}-a-{one}"), format!("{one}-b-{one}")];
        let [one, other] = cut([&middle[0], &middle[1]]);
        assert!(one != other && one.chars().count() <= CELL_CHARACTERS_MAX, "{one} {other}");
    }

    #[test]
    fn large_farm_is_turned_round_and_no_line_is_too_long() {
        let names: Vec<String> = (1..=40).map(|n| format!("publish{n:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for columns in [80, 200] {
            let text = render(good_farm(&names).with("odd", |i| i.hmac(&[1; 32])), Some(columns));
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= usize::from(columns), "{longest} > {columns}\n{text}");
            assert_eq!(line(&text, "| odd").matches(" B <").count(), 1, "{text}");
        }
    }

    #[test]
    fn long_names_that_share_their_start_are_told_apart() {
        let names: Vec<String> =
            (1..=8).map(|n| format!("customer-prod-eu-west-datacentre-publish-{n:02}")).collect();
        for count in [2, 8] {
            let names: Vec<&str> = names.iter().take(count).map(String::as_str).collect();
            for columns in [Some(80), Some(200), None] {
                let farm =
                    good_farm(&names).with("customer-prod-eu-west-author", |i| i.hmac(&[1; 32]));
                let text = render(farm, columns);
                for name in ["publish-01", "publish-02", "author"] {
                    let heads = text.matches(&format!("{name} ")).count();
                    assert!(heads > 0, "{name} {columns:?}\n{text}");
                }
                let room = usize::from(columns.unwrap_or(u16::MAX));
                assert!(text.lines().all(|line| line.chars().count() <= room), "{text}");
            }
        }
    }
}
